import type { Command } from "../command.ts";
import type { Mirroring } from "../many/mirroring.ts";
import { DRY_RUN_OPTION, TRANSFER_OPTIONS } from "../transfer.ts";

export const mirror: Command = {
  name: "MIRROR",
  synonyms: ["SYNC"],
  usage: "remote [local]",
  summary: "make a folder here hold what one of the server holds, or with -R the other way",
  examples: [
    "MIRROR photos",
    "MIRROR photos backup/photos",
    "MIRROR -R site www",
    "MIRROR -n --delete photos",
  ],
  options: {
    reverse: { letter: "R", means: "the other way: MIRROR -R local [remote]" },
    delete: { means: "remove what the source lacks and could have" },
    checksum: { means: "compare digests, rather than sizes and times" },
    ...DRY_RUN_OPTION,
    ...TRANSFER_OPTIONS,
  },
  words: [1, 2],
  async run([source, target], context, options) {
    if (source === undefined) return;
    const how: Mirroring = {
      delete: options.has("delete"),
      dryRun: context.dryRun || options.has("dry-run"),
      comparison: options.has("checksum") ? "digest" : "size-and-time",
      options,
    };
    const { fromServer, toServer } = await import("./mirror-folders.ts");
    if (options.has("reverse")) await toServer(source, target, context, how);
    else await fromServer(source, target, context, how);
  },
};
