import { basename } from "node:path";
import type { Path } from "../../storage/errors.ts";
import { checkAllowed } from "../allowed.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { resolveTyped } from "../local-path.ts";
import { asking } from "../many/asking.ts";
import type { Names, Order } from "../many/destination.ts";
import { expecting, sizeOfFound } from "../many/expecting.ts";
import { findEach } from "../many/find-each.ts";
import type { Found } from "../many/found.ts";
import {
  leadsElsewhere,
  lookThrough,
  type FoundHere,
  type OnFound,
} from "../many/local-sources.ts";
import { labelWithTarget, onwards } from "../many/onwards.ts";
import { Places } from "../many/places.ts";
import { comparisonOf, isSettled } from "../many/same.ts";
import { sendAll, type Sending } from "../many/send.ts";
import { tallied, type Tally } from "../many/tally.ts";
import { Targets } from "../many/targets.ts";
import { targetFolders, ThereAlready } from "../many/there-already.ts";
import { isRemoteFolder } from "../remote-look.ts";
import { parseRemotePath } from "../remote-path.ts";
import { linkOf } from "../transfer.ts";

/**
 * Sends what several words, patterns or folders stand for.
 * @param verb as it was typed
 * @throws {CommandFailed} before anything is looked at, where the server has said that it takes nothing
 */
export async function putMany(
  order: Order,
  context: ShellContext,
  options: Options,
  verb: "PUT" | "MPUT",
): Promise<void> {
  const link = linkOf(context);
  const comparison = comparisonOf(options);
  // What is the same already needs no right.
  if (comparison === "never") checkAllowed(link.session, "add");
  const { nameOf, renames } = await namesOn(order);
  const dryRun = context.dryRun || options.has("dry-run");
  const label = labelWithTarget(
    { verb: "PUT", order },
    renames,
    ({ text }) => [basename(resolveTyped(context, text))],
    leadsElsewhere,
  );
  const targets = new Targets(order);
  const typed = { verb, order, options };
  context.job.onwards = dryRun ? "" : onwards(typed, "MIRROR -R", false);
  await using places = new Places(context);
  const recursive = options.has("recursive");
  await tallied(context, label, options, async (tally) => {
    const [find, knownThere] = await lookBothWays(places);
    const found = findEach(order.sources, tally, "PUT", find);
    const how: Sending = {
      targetOf: ({ names, type }: Found) => {
        if (renames && type === "folder" && !dryRun) {
          context.job.onwards = onwards(typed, "MIRROR -R", true);
        }
        return nameOf(names);
      },
      targets,
      knownThere,
      comparison,
      dryRun,
      options,
    };
    // Where each is asked about, no other is looked at before the answer.
    const asked = options.has("ask")
      ? asking(context, options, "PUT", found, tally)
      : expecting(context.job, unsettled(found, how, tally), sizeOfFound);
    try {
      await sendAll(context, link, asked, how, tally);
    } finally {
      const hint = targets.hint();
      if (hint !== undefined) context.output.say(hint);
    }
  });

  /** Looks through this side, and where it is to be compared through the server's as well. */
  async function lookBothWays(places: Places) {
    const { signal } = context;
    const isByName = dryRun || options.has("ask");
    const lookHere = (onFound?: OnFound): ReturnType<typeof lookThrough> =>
      lookThrough(places, order.sources, { recursive, byName: isByName }, signal, onFound);
    // Where the user is asked about each, what is there may change meanwhile.
    if (comparison === "never" || options.has("ask")) return [await lookHere()] as const;
    const targets = targetFolders(context, order.sources, recursive, nameOf);
    const [here, there] = await ThereAlready.lookMeanwhile(link, targets, signal, lookHere);
    return [here, (path: Path) => there.known(path)] as const;
  }

  /** What is not the same on both sides by what listings alone tell. */
  async function* unsettled(
    found: AsyncIterable<readonly FoundHere[]>,
    { targetOf, targets, knownThere }: Sending,
    tally: Tally,
  ): AsyncGenerator<readonly FoundHere[]> {
    for await (const items of found) {
      const some: FoundHere[] = [];
      for (const item of items) {
        const { type, known } = item;
        // Where files may meet, each has its turn: which came first is not to be forgotten.
        const isAlone = targets?.canMeet === false && type === "file" && known !== undefined;
        const there = isAlone ? knownThere?.(targetOf(item)) : undefined;
        if (there === undefined || !isSettled(known?.entry, there.entry, comparison)) {
          some.push(item);
          continue;
        }
        context.job.pass();
        tally.skipped();
        item.done?.();
      }
      yield some;
    }
  }

  /** What everything is called on the server. */
  async function namesOn({ target, intoFolder }: Order) {
    const { remoteFolder } = context;
    if (target === undefined) {
      return { nameOf: ({ alone }: Names): Path => [...remoteFolder, ...alone], renames: false };
    }
    const folder = parseRemotePath(target.text, remoteFolder);
    if (intoFolder || (await link.run((session) => isRemoteFolder(context, session, folder)))) {
      return { nameOf: ({ within }: Names): Path => [...folder, ...within], renames: false };
    }
    return { nameOf: ({ renamed }: Names): Path => [...folder, ...renamed], renames: true };
  }
}
