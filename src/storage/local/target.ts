import { lstat, statfs } from "node:fs/promises";
import { fault } from "../../faults/faults.ts";
import { formatSizes } from "../../observe/units.ts";
import { StorageError, type Path } from "../errors.ts";
import { alreadyThere } from "../refusals.ts";
import { errnoOf } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { exists } from "./move.ts";
import type { Twins } from "./twins.ts";

/** Below this the disk is not asked for its room first, in bytes. */
const ASK_FOR_ROOM_FROM = 1024 * 1024;

/**
 * Whether a file can get a name, as far as that can be known before it is written.
 * @throws {StorageError}
 */
export async function checkTarget(
  root: Folder,
  twins: Twins,
  path: Path,
  absent: boolean,
): Promise<void> {
  const judge = (parent: Folder, part: Path): Promise<void> => twins.check(parent, part);
  try {
    await withFolder(root, path.slice(0, -1), { judge }, async (folder) => {
      const target = folder.entry(path.at(-1) ?? "");
      if (await checkReplaceable(target, path)) await twins.check(folder, path);
      if (!absent || !(await exists(target))) return;
      throw alreadyThere(path);
    });
  } catch (error) {
    if (error instanceof StorageError && error.problem === "not-found") return;
    throw error;
  }
}

/**
 * Whether what has the name that a file is to get may be replaced.
 * @returns whether there is anything
 * @throws {StorageError} `not-a-file`
 */
export async function checkReplaceable(target: string, path: Path): Promise<boolean> {
  if (globalThis.FAULT_LAB) fault("look");
  const stat = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (stat === undefined || stat.isFile()) return stat !== undefined;
  throw new StorageError("not-a-file", path, (name) =>
    stat.isDirectory()
      ? `${name} is a folder: a file cannot take its place`
      : `${name} is there and is not a regular file: it is left alone`,
  );
}

/**
 * Whether there is room for a file.
 * @throws {StorageError} `space`
 */
export async function checkRoom(root: Folder, path: Path, size: number): Promise<void> {
  if (size < ASK_FOR_ROOM_FROM) return;
  if (globalThis.FAULT_LAB) fault("room");
  const { bavail, bsize } = await statfs(root.self);
  const room = bavail * bsize;
  if (size <= room) return;
  throw new StorageError("space", path, (name) => {
    const [wanted, free] = formatSizes(size, room);
    return `${name} would take ${wanted} and there is room for ${free}`;
  });
}
