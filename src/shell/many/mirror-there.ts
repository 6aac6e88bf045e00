import { ask } from "../../client/ask.ts";
import { CommandFailed, Refused } from "../../client/errors.ts";
import { deleteThere } from "../../client/remove.ts";
import type { Link } from "../../client/link.ts";
import { Status } from "../../client/status.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import { checkAllowed } from "../allowed.ts";
import type { ShellContext } from "../context.ts";
import type { LocalPlace } from "../local-path.ts";
import { expecting, sizeOfFile } from "./expecting.ts";
import { Extras } from "./extras.ts";
import { folderItself, toFound, type Found, type Listed } from "./found.ts";
import type { FoundHere } from "./local-sources.ts";
import type { Mirroring } from "./mirroring.ts";
import { limitsOf, runPool } from "./pool.ts";
import { receivableBy } from "./receivable.ts";
import { listAll, takeListing } from "./remote-sources.ts";
import { Clashes, type Target } from "./replacing.ts";
import { isSettled } from "./same.ts";
import { sendAll } from "./send.ts";
import { snapshotOf } from "./snapshot.ts";
import type { Tally } from "./tally.ts";
import { Tree } from "./tree.ts";

/** How long a server may take to give a name back when the user has interrupted, in ms. */
const PUT_BACK_MS = 5000;

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
  const looking = new AbortController();
  const snapshot = listHere(place, AbortSignal.any([context.signal, looking.signal]));
  // Told behind what the server says.
  snapshot.catch(() => undefined);
  const theirs = await treeThere(link, remote, context.signal).catch(async (error: unknown) => {
    looking.abort();
    await Promise.allSettled([snapshot]);
    throw error;
  });
  const whyNotHad = receivableBy(place.path);
  const extras = new Extras(theirs.tree, whyNotHad);
  const clashes = new Clashes<FoundHere>(theirs.tree, whyNotHad);
  const listing = await snapshot;
  const target = targetThere(context, link, remote);
  const behind = (path: Path): Path => path.slice(remote.length);
  const shown = (path: Path): string => [...remote, ...path].join("/");

  /** What differs from what is there, as far as listings tell. */
  async function* different(): AsyncGenerator<readonly Listed[]> {
    for await (const entries of listing()) {
      const some: Listed[] = [];
      for (const entry of entries) {
        const path = entry.path.slice(place.path.length);
        if (path.length === 0) {
          const name = place.path.join("/");
          throw new CommandFailed(
            Status.refused,
            `${name} is a file, no folder; PUT ${name} sends it`,
          );
        }
        const name = path.join("/");
        if (how.delete) extras.add(name, entry.type);
        const { type, size = 0, mtime = 0 } = entry;
        const mine = type === "refused" ? undefined : { type, size, mtime };
        if (!isSettled(mine, theirs.tree.knownAs(name).entry, how.comparison)) some.push(entry);
        else if (type === "file") {
          context.job.pass();
          tally.skipped();
        }
      }
      yield some;
    }
  }

  async function* missing(): AsyncGenerator<readonly FoundHere[]> {
    for await (const entries of expecting(context.job, different(), sizeOfFile)) {
      const some: FoundHere[] = [];
      for (const entry of entries) {
        const path = entry.path.slice(place.path.length);
        const found = { ...toFound(entry, { alone: path, within: path, renamed: path }), storage };
        if (!how.delete || !clashes.take(path, found)) some.push(found);
      }
      yield some;
    }
    // Only now it is known that there is one, even where it holds nothing.
    if (!theirs.exists) {
      yield [{ ...folderItself(place.path, { alone: [], within: [], renamed: [] }), storage }];
    }
  }

  async function remove(names: Iterable<string>): Promise<void> {
    await runPool(
      [names],
      // They are answered in order: what is in a folder goes before it.
      limitsOf(link, Infinity),
      {
        async one(name) {
          const path = name.split("/");
          try {
            if (how.dryRun) target.checkRemovable();
            else await target.remove(path);
            tally.deleted(shown(path), how.dryRun);
          } catch (error) {
            tally.failed("RM", shown(path), error);
          }
        },
      },
    );
  }

  const sending = {
    targetOf: ({ names }: Found) => [...remote, ...names.alone],
    knownThere: (path: Path) => theirs.tree.known(behind(path)),
    comparison: how.comparison,
    dryRun: how.dryRun,
    options: how.options,
  };
  await sendAll(context, link, missing(), sending, tally);
  if (!how.delete || context.signal.aborted) return;
  const replacing = { verb: "PUT", dryRun: how.dryRun, tally, shown };
  await clashes.replaceAll(target, replacing, (found) =>
    sendAll(context, link, found, sending, tally),
  );
  const judged = extras.judge();
  for (const { path, reason } of judged.keep) tally.leftAlone(shown(path), reason);
  await remove(judged.remove);
}

function targetThere({ signal }: ShellContext, link: Link, base: Path): Target {
  // What was begun is put in order also behind an interrupt, for as long as that takes no time.
  const patience = (): AbortSignal => (signal.aborted ? AbortSignal.timeout(PUT_BACK_MS) : signal);
  return {
    checkRemovable: () => checkAllowed(link.session, "remove"),
    async rename(from, to) {
      const keys = { to: [...base, ...to] };
      await link.run((session) => ask(session, "RENAME", [...base, ...from], keys, patience()));
    },
    remove: (path) => link.run((session) => deleteThere(session, [...base, ...path], patience())),
    async *list(path) {
      try {
        for await (const entry of listAll(link, [...base, ...path], true, patience())) {
          yield { ...entry, path: entry.path.slice(base.length) };
        }
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== 550) throw error;
      }
    },
  };
}

async function listHere({ storage, path }: LocalPlace, signal: AbortSignal) {
  try {
    return await snapshotOf(storage.list(path, { recursive: true }), signal);
  } catch (error) {
    if (!(error instanceof StorageError) || error.problem !== "not-found") throw error;
    throw new StorageError("not-found", path, (name) => `There is no folder ${name}`);
  }
}

/** What a folder of the server holds, and whether there is one. */
async function treeThere(
  link: Link,
  path: Path,
  signal: AbortSignal,
): Promise<{ readonly tree: Tree; readonly exists: boolean }> {
  const tree = new Tree();
  const exists = await takeListing(link, { path, recursive: true }, signal, (entry) => {
    if (entry.path.length === path.length) {
      throw new CommandFailed(Status.refused, `${path.join("/")} is a file on the server`);
    }
    tree.add(entry.path.slice(path.length), entry);
  });
  return { tree, exists };
}
