import type { Path } from "../../storage/errors.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { asking } from "../many/asking.ts";
import { labelOf, type Order } from "../many/destination.ts";
import { expecting, sizeOfFound } from "../many/expecting.ts";
import { findEach } from "../many/find-each.ts";
import type { Found } from "../many/found.ts";
import { lookThrough } from "../many/local-sources.ts";
import { Places } from "../many/places.ts";
import { comparisonOf } from "../many/same.ts";
import { sendAll } from "../many/send.ts";
import { tallied } from "../many/tally.ts";
import { Targets } from "../many/targets.ts";
import { isRemoteFolder } from "../remote-look.ts";
import { parseRemotePath } from "../remote-path.ts";
import { linkOf } from "../transfer.ts";

/** Sends what several words, patterns or folders stand for. */
export async function putMany(
  order: Order,
  context: ShellContext,
  options: Options,
): Promise<void> {
  const link = linkOf(context);
  const nameOf = await namesOn(order);
  await using places = new Places(context);
  const recursive = options.has("recursive");
  await tallied(context, labelOf("PUT", order), async (tally) => {
    const find = await lookThrough(places, order.sources, recursive, context.signal);
    const found = findEach(order.sources, tally, "PUT", find);
    const how = {
      targetOf: nameOf,
      targets: new Targets(order),
      comparison: comparisonOf(options),
      dryRun: context.dryRun || options.has("dry-run"),
      options,
    };
    // Where each is asked about, no other is looked at before the answer.
    const asked = options.has("ask")
      ? asking(context, options, "PUT", found, tally)
      : expecting(context.job, found, sizeOfFound);
    await sendAll(context, link, asked, how, tally);
  });

  /** What everything is called on the server. */
  async function namesOn({ target, intoFolder }: Order): Promise<(found: Found) => Path> {
    const { remoteFolder } = context;
    if (target === undefined) return ({ names }) => [...remoteFolder, ...names.alone];
    const folder = parseRemotePath(target.text, remoteFolder);
    if (intoFolder || (await link.run((session) => isRemoteFolder(context, session, folder)))) {
      return ({ names }) => [...folder, ...names.within];
    }
    return ({ names }) => [...folder, ...names.renamed];
  }
}
