import { posix } from "node:path";
import type { ShellContext } from "../context.ts";
import { openLocalFolder, openTargetFolder } from "../local-path.ts";
import { namesOf } from "../many/destination.ts";
import { leadsElsewhere } from "../many/local-sources.ts";
import { mirrorHere } from "../many/mirror-here.ts";
import { mirrorThere } from "../many/mirror-there.ts";
import type { Mirroring } from "../many/mirroring.ts";
import { tallied, type Label } from "../many/tally.ts";
import type { Word } from "../parse.ts";
import { parseRemotePath } from "../remote-path.ts";
import { linkOf } from "../transfer.ts";

/** Makes a folder here hold what one of the server holds. */
export async function fromServer(
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
  context.job.onwards = onwardsOf(how);
  try {
    await tallied(context, labelOfMirror(source, target?.text), how.options, (tally) =>
      mirrorHere(context, link, remote, place, how, tally),
    );
  } finally {
    await place.close();
  }
}

/** Makes a folder of the server hold what one here holds. */
export async function toServer(
  source: Word,
  target: Word | undefined,
  context: ShellContext,
  how: Mirroring,
): Promise<void> {
  const link = linkOf(context);
  const place = await openLocalFolder(context, source.text, { make: false });
  context.job.onwards = onwardsOf(how);
  try {
    const { alone } = namesOf(source.text, place.path, leadsElsewhere(source.text));
    const remote =
      target === undefined
        ? [...context.remoteFolder, ...alone]
        : parseRemotePath(target.text, context.remoteFolder);
    await tallied(context, labelOfMirror(source, target?.text), how.options, (tally) =>
      mirrorThere(context, link, place, remote, how, tally),
    );
  } finally {
    await place.close();
  }
}

function labelOfMirror({ text }: Word, target: string | undefined): Label {
  const command = `MIRROR ${text}`;
  const isSame = target === undefined || posix.normalize(target) === posix.normalize(text);
  return { command, shown: isSame ? command : `${command} to ${target}` };
}

/** What moves the rest where it is cut short; see `Job`. */
function onwardsOf({ dryRun, options }: Mirroring): string {
  if (dryRun) return "";
  return `the same again${options.has("fresh") ? " without -f" : ""} moves only the rest`;
}
