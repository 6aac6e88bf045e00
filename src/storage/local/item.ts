import type { BigIntStats } from "node:fs";
import type { Item } from "../storage.ts";

export type Stat = BigIntStats;

const OWNER_EXECUTES = 0o100n;

/** What is told of a file or folder. Time is rounded down to the millisecond, as it was set. */
export function itemOf(stat: Stat): Item {
  const folder = stat.isDirectory();
  const mtime = stat.mtimeNs < 0n ? 0 : Number(stat.mtimeNs / 1_000_000n);
  return {
    type: folder ? "folder" : "file",
    size: folder ? 0 : Number(stat.size),
    mtime,
    exec: !folder && (stat.mode & OWNER_EXECUTES) !== 0n,
  };
}

/** Why something that exists cannot be served; `undefined` for a file or a folder. */
export function whyRefused(stat: Stat): string | undefined {
  if (stat.isFile() || stat.isDirectory()) return undefined;
  if (stat.isSymbolicLink()) return "a link, and links are not followed";
  if (stat.isFIFO()) return "a named pipe";
  if (stat.isSocket()) return "a socket";
  return "a device";
}
