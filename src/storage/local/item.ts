import type { BigIntStats } from "node:fs";
import type { Item } from "../storage.ts";

export type Stat = BigIntStats;

const OWNER_EXECUTES = 0o100n;
/** ECMAScript's latest time, which no file system exceeds, in milliseconds. */
const LATEST_TIME = 8.64e15;

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

/** Whether a file is not as it was, both looks being by the same descriptor. */
export function changedSince(before: Stat, now: Stat): boolean {
  // Replacing or removing the name changes the link count and with it ctime; what is read stays.
  const sameLinks = now.nlink === before.nlink;
  return (
    now.size !== before.size ||
    now.mtimeNs !== before.mtimeNs ||
    (sameLinks && now.ctimeNs !== before.ctimeNs)
  );
}

/**
 * A time to set, as a Date: seconds as a fraction miss the millisecond for half of all values.
 * @param mtime milliseconds since 1970
 */
export function fileTime(mtime: number): Date {
  return new Date(Math.min(mtime, LATEST_TIME));
}

/** Permissions with which whoever may read a file may execute it as well. */
export function executable(mode: number): number {
  return (mode & 0o777) | ((mode & 0o444) >> 2);
}
