import { lstat, readdir } from "node:fs/promises";
import type { Path } from "../errors.ts";
import { withFolder, type Folder } from "./folder.ts";

/** Entries that are looked at together. */
const BATCH = 64;

/**
 * Bytes of all files under a root, those in staging folders included. What cannot be looked at, or
 * goes away meanwhile, is not counted.
 */
export async function bytesUnder(root: Folder): Promise<number> {
  let bytes = 0;
  const pending: Path[] = [[]];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const at = path;
    const add = async (folder: Folder, name: string): Promise<void> => {
      const stat = await lstat(folder.entry(name)).catch(() => undefined);
      if (stat?.isFile() === true) bytes += stat.size;
      if (stat?.isDirectory() === true) pending.push([...at, name]);
    };
    await withFolder(root, at, {}, async (folder) => {
      const names = await readdir(folder.self);
      for (let from = 0; from < names.length; from += BATCH) {
        await Promise.all(names.slice(from, from + BATCH).map((name) => add(folder, name)));
      }
    }).catch((error: unknown) => {
      if (at.length === 0) throw error;
    });
  }
  return bytes;
}
