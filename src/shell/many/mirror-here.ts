import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import { Status } from "../../client/status.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import type { ShellContext } from "../context.ts";
import type { LocalPlace } from "../local-path.ts";
import { expecting, sizeOfFile } from "./expecting.ts";
import { fetchAll } from "./fetch.ts";
import { folderItself, toFound, type Found } from "./found.ts";
import type { Mirroring } from "./mirroring.ts";
import { listAll } from "./remote-sources.ts";
import type { Tally } from "./tally.ts";
import { extrasOf, Tree } from "./tree.ts";

/** Makes a folder of this side hold what one of the server holds. */
export async function mirrorHere(
  context: ShellContext,
  link: Link,
  remote: Path,
  place: LocalPlace,
  how: Mirroring,
  tally: Tally,
): Promise<void> {
  const { storage } = place;
  const mine = await treeHere(storage, place.path);
  const theirs = new Tree();
  const itself = folderItself(remote, { alone: [], within: [], renamed: [] });
  const behind = (path: Path): Path => path.slice(place.path.length);

  async function* missing(): AsyncGenerator<Found> {
    const listing = listAll(link, remote, true, context.signal);
    for await (const entry of expecting(context.job, listing, sizeOfFile)) {
      const path = entry.path.slice(remote.length);
      if (path.length === 0) {
        const name = remote.join("/");
        throw new CommandFailed(Status.refused, `${name} is not a folder: use GET ${name}`);
      }
      theirs.add(path, entry);
      const type = mine.typeOf(path);
      const inTheWay = type !== undefined && type !== "refused" && entry.type !== "refused";
      if (how.delete && inTheWay && type !== entry.type) await remove(mine.within(path));
      yield toFound(entry, { alone: path, within: path, renamed: path });
    }
    // Only now it is known that there is one, even where it holds nothing.
    yield itself;
  }

  async function remove(extras: readonly { readonly path: Path }[]): Promise<void> {
    for (const { path } of extras) {
      const shown = path.join("/");
      try {
        if (!how.dryRun) await storage.delete([...place.path, ...path]);
        mine.forget(path);
        tally.deleted(shown, how.dryRun);
      } catch (error) {
        tally.failed("RM", shown, error);
      }
    }
  }

  await fetchAll(
    context,
    link,
    missing(),
    {
      place,
      nameOf: ({ names }) => names.alone,
      knownHere: (path) => mine.known(behind(path)),
      comparison: how.comparison,
      dryRun: how.dryRun,
      options: how.options,
    },
    tally,
  );
  if (!how.delete || context.signal.aborted) return;
  const extras = extrasOf(mine, theirs);
  for (const { path, reason } of extras.keep) tally.leftAlone(path.join("/"), reason);
  await remove(extras.remove.map((path) => ({ path })));
}

/** What a folder of this side holds; nothing where there is none yet. */
async function treeHere(storage: Storage, path: Path): Promise<Tree> {
  const tree = new Tree();
  try {
    for await (const entry of storage.list(path, { recursive: true })) {
      if (entry.path.length === path.length) {
        throw new CommandFailed(Status.refused, `${path.join("/")} is a file on this side`);
      }
      tree.add(entry.path.slice(path.length), entry);
    }
  } catch (error) {
    if (!(error instanceof StorageError) || error.problem !== "not-found") throw error;
  }
  return tree;
}
