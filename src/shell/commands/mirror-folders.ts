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
  try {
    await tallied(context, `MIRROR ${source.text}`, (tally) =>
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
