import type { Path } from "../../storage/errors.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { isLocalFolder, openLocal, openTargetFolder } from "../local-path.ts";
import { asking } from "../many/asking.ts";
import type { Names, Order } from "../many/destination.ts";
import { expecting, sizeOfFound } from "../many/expecting.ts";
import { fetchAll } from "../many/fetch.ts";
import type { Found } from "../many/found.ts";
import { findEach } from "../many/find-each.ts";
import { labelWithTarget, onwards } from "../many/onwards.ts";
import { findRemote } from "../many/remote-sources.ts";
import { comparisonOf } from "../many/same.ts";
import { tallied } from "../many/tally.ts";
import { Targets } from "../many/targets.ts";
import { parseRemotePath } from "../remote-path.ts";
import { linkOf } from "../transfer.ts";

/**
 * Gets what several words, patterns or folders stand for.
 * @param verb as it was typed
 */
export async function getMany(
  order: Order,
  context: ShellContext,
  options: Options,
  verb: "GET" | "MGET",
): Promise<void> {
  const { sources, target } = order;
  const { remoteFolder, signal, durable } = context;
  const dryRun = context.dryRun || options.has("dry-run");
  const link = linkOf(context);
  const { place, nameOf, renames } = await placeOf(order, context);
  const label = labelWithTarget({ verb: "GET", order }, renames, ({ text }) =>
    parseRemotePath(text, remoteFolder),
  );
  const targets = new Targets(order);
  const typed = { verb, order, options };
  context.job.onwards = dryRun ? "" : onwards(typed, "MIRROR", false);
  try {
    const recursive = options.has("recursive");
    const lookup = {
      folder: remoteFolder,
      recursive,
      byName: dryRun || options.has("ask"),
      signal,
    };
    await tallied(context, label, options, async (tally) => {
      const found = findEach(sources, tally, "GET", (word) => findRemote(link, word, lookup));
      // Where each is asked about, no other is looked at before the answer.
      const asked = options.has("ask")
        ? asking(context, options, "GET", found, tally)
        : expecting(context.job, found, sizeOfFound);
      const how = {
        place,
        nameOf: (found: Found): Path => {
          if (renames && found.type === "folder" && !dryRun) {
            context.job.onwards = onwards(typed, "MIRROR", true);
          }
          return nameOf(found.names);
        },
        targets,
        comparison: comparisonOf(options),
        dryRun,
        options,
      };
      try {
        await fetchAll(context, link, asked, how, tally);
      } finally {
        const hint = targets.hint();
        if (hint !== undefined) context.output.say(hint);
      }
    });
  } finally {
    await place.close();
  }

  /** Where everything goes, and under which names. */
  async function placeOf({ intoFolder }: Order, side: ShellContext) {
    if (target === undefined) {
      const here = await openTargetFolder(side, ".", dryRun);
      return { place: here, nameOf: ({ alone }: Names): Path => alone, renames: false };
    }
    if (intoFolder || (await isLocalFolder(side, target.text))) {
      const there = await openTargetFolder(side, target.text, dryRun);
      return { place: there, nameOf: ({ within }: Names): Path => within, renames: false };
    }
    const named = await openLocal(side, target.text, { make: false, durable });
    return { place: named, nameOf: ({ renamed }: Names): Path => renamed, renames: true };
  }
}
