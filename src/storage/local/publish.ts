import { rename } from "node:fs/promises";
import { fault } from "../../faults/faults.ts";
import { StorageError, type Path } from "../errors.ts";
import { errnoOf } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { exists, moveToFree } from "./move.ts";
import type { Staged } from "./staging.ts";
import { checkReplaceable } from "./target.ts";
import type { Turns } from "../turns.ts";
import type { Twins } from "./twins.ts";

/** How often a folder is made again that others remove before the file is in it. */
const ATTEMPTS = 10;

/** How a staged file gets its name. */
export interface Publishing {
  /** Fail with `exists` rather than replace a file. */
  readonly absent: boolean;
}

/** What publishing needs of the storage. */
export interface PublishContext {
  readonly root: Folder;
  readonly twins: Twins;
  /** Between the look at what has a name, and the move to it, nothing else gets that name. */
  readonly turns: Turns;
  /** Sync the folders as well. */
  readonly durable: boolean;
}

/**
 * Puts a staged file under its name in one step, and makes the folders that it is in.
 * @throws {StorageError}
 */
export async function publish(
  context: PublishContext,
  staged: Staged,
  path: Path,
  how: Publishing,
): Promise<void> {
  const { root, twins, turns, durable } = context;
  const parents = path.slice(0, -1);
  const judge = (parent: Folder, above: Path, isNew: boolean): Promise<void> =>
    twins.check(parent, above, isNew);
  for (let attempt = 1; ; attempt++) {
    try {
      await withFolder(root, parents, { make: true, judge }, (folder) =>
        turns.run([path], () => moveTo(folder, context, staged, path, how)),
      );
      if (durable) await syncFolders(root, parents);
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (attempt === ATTEMPTS || !(await exists(staged.entry))) throw vanished(path);
      // Somebody removed a folder between its making and its use.
    }
  }
}

async function moveTo(
  folder: Folder,
  { twins }: PublishContext,
  { entry: from }: Staged,
  path: Path,
  { absent }: Publishing,
): Promise<void> {
  const to = folder.entry(path.at(-1) ?? "");
  if (absent) {
    await moveToFree(from, to);
  } else {
    if (await checkReplaceable(to, path)) await twins.check(folder, path);
    if (globalThis.FAULT_LAB) fault("rename");
    await rename(from, to);
  }
}

/** Each of them may have been made for this file, and is an entry of the one above. */
async function syncFolders(root: Folder, parents: Path): Promise<void> {
  for (let depth = parents.length; depth >= 0; depth--) {
    await withFolder(root, parents.slice(0, depth), {}, (folder) => folder.sync());
  }
}

/** What was written is not there any more. */
export function vanished(path: Path): StorageError {
  return new StorageError(
    "failed",
    path,
    (name) => `What was written of ${name}, or its folder, was removed by another program`,
  );
}

function isMissing(error: unknown): boolean {
  return (
    (error instanceof StorageError && error.problem === "not-found") || errnoOf(error) === "ENOENT"
  );
}
