import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { openLocalFolder, openTargetFolder } from "../local-path.ts";
import { namesOf } from "../many/destination.ts";
import { leadsElsewhere } from "../many/local-sources.ts";
import { mirrorHere } from "../many/mirror-here.ts";
import { mirrorThere } from "../many/mirror-there.ts";
import type { Mirroring } from "../many/mirroring.ts";
import { tallied } from "../many/tally.ts";
import type { Word } from "../parse.ts";
import { parseRemotePath } from "../remote-path.ts";
import { DRY_RUN_OPTION, linkOf, TRANSFER_OPTIONS } from "../transfer.ts";

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
    delete: { means: "remove what the source lacks" },
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
    if (options.has("reverse")) await toServer(source, target, context, how);
    else await fromServer(source, target, context, how);
  },
};

async function fromServer(
  source: Word,
  target: Word | undefined,
  context: ShellContext,
  how: Mirroring,
): Promise<void> {
  const link = linkOf(context);
  const remote = parseRemotePath(source.text, context.remoteFolder);
  const { alone } = namesOf(source.text, remote, false);
  const typed = target?.text ?? (alone.length === 0 ? "." : alone.join("/"));
  const place = await openTargetFolder(context, typed, how.dryRun);
  try {
    await tallied(context, `MIRROR ${source.text}`, (tally) =>
      mirrorHere(context, link, remote, place, how, tally),
    );
  } finally {
    await place.close();
  }
}

async function toServer(
  source: Word,
  target: Word | undefined,
  context: ShellContext,
  how: Mirroring,
): Promise<void> {
  const link = linkOf(context);
  const place = await openLocalFolder(context, source.text, { make: false });
  try {
    const { alone } = namesOf(source.text, place.path, leadsElsewhere(source.text));
    const remote =
      target === undefined
        ? [...context.remoteFolder, ...alone]
        : parseRemotePath(target.text, context.remoteFolder);
    await tallied(context, `MIRROR ${source.text}`, (tally) =>
      mirrorThere(context, link, place, remote, how, tally),
    );
  } finally {
    await place.close();
  }
}
