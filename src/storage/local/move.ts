import { link, lstat, rename, unlink } from "node:fs/promises";
import { errnoOf } from "./errno.ts";

/** What `link` fails with where the file system, or the kernel's policy, knows no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Moves a file to a name that is free. Never replaces another, also one that comes into being
 * meanwhile; on file systems without hard links that is only looked up first, not guaranteed.
 * @throws the system's error, `EEXIST` where the name is taken
 */
export async function moveToFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? "")) throw error;
    if (await exists(to)) throw Object.assign(new Error(`${to} exists`), { code: "EEXIST" });
    await rename(from, to);
    return;
  }
  await unlink(from);
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
