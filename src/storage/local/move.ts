import { link, lstat, mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { fault, without } from "../../faults/faults.ts";
import { SYSTEM } from "../../platform/system.ts";
import { errnoOf } from "./errno.ts";

/** What `link` fails with where the file system, or the kernel's policy, knows no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Moves a file to a name that is free. Never replaces another, also one that comes into being
 * meanwhile; on file systems without hard links that is only looked up first, not guaranteed.
 * @throws the system's error, `EEXIST` where the name is taken
 */
export async function moveToFree(from: string, to: string): Promise<void> {
  if (globalThis.FAULT_LAB && without("no-replace")) return rename(from, to);
  try {
    if (globalThis.FAULT_LAB) fault("link");
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? "")) throw error;
    if (await exists(to)) throw taken(to);
    await rename(from, to);
    return;
  }
  try {
    if (globalThis.FAULT_LAB) fault("unlink");
    await unlink(from);
  } catch (error) {
    // Another was faster, or the name may not go: a file that failed to move has one name only.
    await unlink(to).catch(() => undefined);
    throw error;
  }
}

/**
 * Moves a folder to a name that is free: an empty folder takes the name first, which only one can
 * do, and is then replaced.
 * @throws the system's error, `EEXIST` where the name is taken
 */
export async function moveFolderToFree(from: string, to: string): Promise<void> {
  if (!SYSTEM.replacesEmptyFolders) {
    // There a folder never replaces anything, an empty one neither.
    if (await exists(to)) throw taken(to);
    return rename(from, to);
  }
  await mkdir(to);
  try {
    await rename(from, to);
  } catch (error) {
    await rmdir(to).catch(() => undefined);
    throw errnoOf(error) === "ENOTEMPTY" ? taken(to) : error;
  }
}

/** Whether there is anything under a name, a link included. */
export async function exists(entry: string): Promise<boolean> {
  try {
    await lstat(entry);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

function taken(name: string): Error {
  return Object.assign(new Error(`${name} exists`), { code: "EEXIST" });
}
