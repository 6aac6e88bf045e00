import { CommandFailed, Refused } from "../../client/errors.ts";
import { deleteThere } from "../../client/remove.ts";
import type { Link } from "../../client/link.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import type { ShellContext } from "../context.ts";
import type { LocalPlace } from "../local-path.ts";
import { expecting, sizeOfFile } from "./expecting.ts";
import { folderItself, toFound } from "./found.ts";
import type { FoundHere } from "./local-sources.ts";
import type { Mirroring } from "./mirroring.ts";
import { limitsOf, runPool } from "./pool.ts";
import { listAll } from "./remote-sources.ts";
import { sendAll } from "./send.ts";
import type { Tally } from "./tally.ts";
import { extrasOf, Tree } from "./tree.ts";

/** Makes a folder of the server hold what one of this side holds. */
export async function mirrorThere(
  context: ShellContext,
  link: Link,
  place: LocalPlace,
  remote: Path,
  how: Mirroring,
  tally: Tally,
): Promise<void> {
  const { storage } = place;
  const theirs = await treeThere(link, remote, context.signal);
  const mine = new Tree();
  const behind = (path: Path): Path => path.slice(remote.length);

  async function* missing(): AsyncGenerator<FoundHere> {
    const listing = storage.list(place.path, { recursive: true });
    for await (const entry of expecting(context.job, listing, sizeOfFile)) {
      const path = entry.path.slice(place.path.length);
      if (path.length === 0) {
        const name = place.path.join("/");
        throw new CommandFailed(Status.refused, `${name} is not a folder: use PUT ${name}`);
      }
      mine.add(path, entry);
      const type = theirs.tree.typeOf(path);
      const inTheWay = type !== undefined && type !== "refused" && entry.type !== "refused";
      if (how.delete && inTheWay && type !== entry.type) {
        await remove(theirs.tree.within(path).map((extra) => extra.path));
      }
      yield { ...toFound(entry, { alone: path, within: path, renamed: path }), storage };
    }
    // Only now it is known that there is one, even where it holds nothing.
    if (!theirs.exists) {
      yield { ...folderItself(place.path, { alone: [], within: [], renamed: [] }), storage };
    }
  }

  async function remove(extras: readonly Path[]): Promise<void> {
    await runPool(
      each(extras),
      // They are answered in order: what is in a folder goes before it.
      limitsOf(link, Infinity),
      () => 1,
      async (path) => {
        const shown = path.join("/");
        try {
          if (!how.dryRun) await link.run((session) => deleteThere(session, [...remote, ...path]));
          theirs.tree.forget(path);
          tally.deleted(shown, how.dryRun);
        } catch (error) {
          tally.failed("RM", shown, error);
        }
      },
    );
  }

  await sendAll(
    context,
    link,
    missing(),
    {
      targetOf: ({ names }) => [...remote, ...names.alone],
      knownThere: (path) => theirs.tree.known(behind(path)),
      comparison: how.comparison,
      dryRun: how.dryRun,
      options: how.options,
    },
    tally,
  );
  if (!how.delete || context.signal.aborted) return;
  const extras = extrasOf(theirs.tree, mine);
  for (const { path, reason } of extras.keep) tally.leftAlone(path.join("/"), reason);
  await remove(extras.remove);
}

/** What a folder of the server holds, and whether there is one. */
async function treeThere(
  link: Link,
  path: Path,
  signal: AbortSignal,
): Promise<{ readonly tree: Tree; readonly exists: boolean }> {
  const tree = new Tree();
  try {
    for await (const entry of listAll(link, path, true, signal)) {
      if (entry.path.length === path.length) {
        throw new CommandFailed(Status.refused, `${path.join("/")} is a file on the server`);
      }
      tree.add(entry.path.slice(path.length), entry);
    }
  } catch (error) {
    if (error instanceof Refused && error.code === 550) return { tree, exists: false };
    throw error;
  }
  return { tree, exists: true };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
