import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import { passedEntry } from "../../client/litter.ts";
import { Status } from "../../client/status.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import type { ShellContext } from "../context.ts";
import type { LocalPlace } from "../local-path.ts";
import { expecting, sizeOfFile } from "./expecting.ts";
import { Extras } from "./extras.ts";
import { fetchAll } from "./fetch.ts";
import { folderItself, toFound, type Found, type Listed } from "./found.ts";
import { meanwhile } from "./meanwhile.ts";
import type { Mirroring } from "./mirroring.ts";
import { receivableBy } from "./receivable.ts";
import { asFolder, listTogether } from "./remote-sources.ts";
import { isSettled } from "./same.ts";
import type { Tally } from "./tally.ts";
import { Clashes, type Target } from "./replacing.ts";
import { Tree } from "./tree.ts";

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
  const [mine, listing] = await meanwhile(
    (signal) => {
      const either = AbortSignal.any([context.signal, signal]);
      return asFolder(remote, listTogether(link, remote, true, either));
    },
    () => treeHere(storage, place.path),
  );
  const whyNotHad = receivableBy(remote);
  const extras = new Extras(mine, whyNotHad);
  const clashes = new Clashes<Found>(mine, whyNotHad);
  const itself = folderItself(remote, { alone: [], within: [], renamed: [] });
  const behind = (path: Path): Path => path.slice(place.path.length);
  const shown = (path: Path): string => [...place.path, ...path].join("/");

  /** What differs from what is here, as far as listings tell. */
  async function* different(): AsyncGenerator<readonly Listed[]> {
    const base = remote.length === 0 ? 0 : remote.join("/").length + 1;
    for await (const { entries, whole } of listing) {
      const some: Listed[] = [];
      for (const entry of entries) {
        const name = entry.path.slice(base);
        if (name === "") {
          throw new CommandFailed(
            Status.refused,
            `${entry.path} is a file, no folder; GET ${entry.path} gets it`,
          );
        }
        if (how.delete) extras.add(name, entry.type);
        const isRefused = entry.type === "refused";
        if (!isRefused && isSettled(entry, mine.knownAs(name).entry, how.comparison)) {
          if (entry.type === "folder") continue;
          context.job.pass();
          tally.skipped();
        } else some.push({ ...entry, path: entry.path.split("/"), whole });
      }
      yield some;
    }
  }

  async function* missing(): AsyncGenerator<readonly Found[]> {
    for await (const entries of expecting(context.job, different(), sizeOfFile)) {
      const some: Found[] = [];
      for (const entry of entries) {
        const path = entry.path.slice(remote.length);
        const found = toFound(entry, { alone: path, within: path, renamed: path });
        if (!how.delete || !clashes.take(path, found)) some.push(found);
      }
      yield some;
    }
    // Only now it is known that there is one, even where it holds nothing.
    yield [itself];
  }

  async function remove(names: Iterable<string>): Promise<void> {
    for (const name of names) {
      const path = name.split("/");
      try {
        if (!how.dryRun) await storage.delete([...place.path, ...path]);
        tally.deleted(shown(path), how.dryRun);
      } catch (error) {
        tally.failed("RM", shown(path), error);
      }
    }
  }

  const fetching = {
    place,
    nameOf: ({ names }: Found) => names.alone,
    knownHere: (path: Path) => mine.known(behind(path)),
    comparison: how.comparison,
    dryRun: how.dryRun,
    options: how.options,
  };
  await fetchAll(context, link, missing(), fetching, tally);
  if (!how.delete || context.signal.aborted) return;
  const replacing = { verb: "GET", dryRun: how.dryRun, tally, shown };
  await clashes.replaceAll(targetHere(place), replacing, (found) =>
    fetchAll(context, link, found, fetching, tally),
  );
  const judged = extras.judge();
  for (const { path, reason } of judged.keep) tally.leftAlone(shown(path), reason);
  await remove(judged.remove);
}

function targetHere({ storage, path: base }: LocalPlace): Target {
  return {
    checkRemovable: () => undefined,
    rename: (from, to) => storage.rename([...base, ...from], [...base, ...to]),
    remove: async (path) => {
      try {
        await storage.delete([...base, ...path]);
      } catch (error) {
        if (!(error instanceof StorageError) || error.problem !== "not-found") throw error;
      }
    },
    async *list(path) {
      try {
        for await (const some of storage.list([...base, ...path], { recursive: true })) {
          for (const entry of some) yield { ...entry, path: entry.path.slice(base.length) };
        }
      } catch (error) {
        if (!(error instanceof StorageError) || error.problem !== "not-found") throw error;
      }
    },
  };
}

/** What a folder of this side holds; nothing where there is none yet. */
async function treeHere(storage: Storage, path: Path): Promise<Tree> {
  const tree = new Tree();
  try {
    for await (const some of storage.list(path, { recursive: true })) {
      for (const entry of some) {
        if (entry.path.length === path.length) {
          throw new CommandFailed(Status.refused, `${path.join("/")} is a file on this side`);
        }
        passedEntry();
        tree.add(entry.path.slice(path.length), entry);
      }
    }
  } catch (error) {
    if (!(error instanceof StorageError) || error.problem !== "not-found") throw error;
  }
  return tree;
}
