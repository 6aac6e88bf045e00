import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { fault, without } from "../../faults/faults.ts";
import { SYSTEM } from "../../platform/system.ts";
import { isAmongLast } from "./descriptors.ts";

/**
 * Opens a file, but leaves the last descriptors of the process alone: with none left a server could
 * not even turn somebody away. A file that the flags make is there also where that fails.
 * @throws the system's error; `EMFILE` where the last descriptors were reached
 */
export async function openFile(path: string, flags: number, mode?: number): Promise<FileHandle> {
  if (!SYSTEM.refusesLinks) await refuseLink(path);
  if (globalThis.FAULT_LAB) fault("open");
  if (globalThis.FAULT_LAB && without("links")) flags &= ~constants.O_NOFOLLOW;
  const handle = await open(path, flags, mode);
  if (!isAmongLast(handle.fd)) return handle;
  await handle.close();
  throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
}

/** Where opening cannot refuse a link, a look does; one that is put there behind it is followed. */
async function refuseLink(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isSymbolicLink() !== true) return;
  throw Object.assign(new Error(`a link: ${path}`), { code: "ELOOP" });
}
