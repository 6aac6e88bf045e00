import type { Path } from "../../storage/errors.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { isLocalFolder, openLocal, openTargetFolder } from "../local-path.ts";
import { asking } from "../many/asking.ts";
import { labelOf, type Order } from "../many/destination.ts";
import { expecting, sizeOfFound } from "../many/expecting.ts";
import { fetchAll } from "../many/fetch.ts";
import type { Found } from "../many/found.ts";
import { findEach } from "../many/find-each.ts";
import { findRemote } from "../many/remote-sources.ts";
import { comparisonOf } from "../many/same.ts";
import { tallied } from "../many/tally.ts";
import { Targets } from "../many/targets.ts";
import { linkOf } from "../transfer.ts";

/** Gets what several words, patterns or folders stand for. */
export async function getMany(
  order: Order,
  context: ShellContext,
  options: Options,
): Promise<void> {
  const { sources, target } = order;
  const { remoteFolder, signal, durable } = context;
  const dryRun = context.dryRun || options.has("dry-run");
  const link = linkOf(context);
  const { place, nameOf } = await placeOf(order, context);
  try {
    const recursive = options.has("recursive");
    const lookup = { folder: remoteFolder, recursive, signal };
    await tallied(context, labelOf("GET", order), async (tally) => {
      const found = findEach(sources, tally, "GET", (word) => findRemote(link, word, lookup));
      // Where each is asked about, no other is looked at before the answer.
      const asked = options.has("ask")
        ? asking(context, options, "GET", found, tally)
        : expecting(context.job, found, sizeOfFound);
      const how = {
        place,
        nameOf,
        targets: new Targets(order),
        comparison: comparisonOf(options),
        dryRun,
        options,
      };
      await fetchAll(context, link, asked, how, tally);
    });
  } finally {
    await place.close();
  }

  /** Where everything goes, and under which names. */
  async function placeOf({ intoFolder }: Order, side: ShellContext) {
    if (target === undefined) {
      const here = await openTargetFolder(side, ".", dryRun);
      return { place: here, nameOf: ({ names }: Found): Path => names.alone };
    }
    if (intoFolder || (await isLocalFolder(side, target.text))) {
      const there = await openTargetFolder(side, target.text, dryRun);
      return { place: there, nameOf: ({ names }: Found): Path => names.within };
    }
    const named = await openLocal(side, target.text, { make: false, durable });
    return { place: named, nameOf: ({ names }: Found): Path => names.renamed };
  }
}
