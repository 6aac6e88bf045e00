import { readFileSync } from "node:fs";

/**
 * Descriptors that only accepting connections may take. A listener that finds none left is woken
 * again and again by whoever waits, and can neither serve nor refuse them.
 */
const KEPT_FOR_ACCEPTING = 16;
/** Of those that are not kept, the part that connections leave to files. */
const FILES_SHARE = 1 / 4;

let limit: number | undefined;

/** How many descriptors this process may have open; infinite where the system does not tell. */
export function descriptorLimit(): number {
  limit ??= readLimit();
  return limit;
}

/** How many connections may be open, so that their files can be opened as well. */
export function connectionsWithin(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - KEPT_FOR_ACCEPTING) * (1 - FILES_SHARE)));
}

/**
 * Whether a descriptor is one of the last. The system gives the lowest that is free: where it gives
 * such a one, all below are in use.
 */
export function isAmongLast(descriptor: number): boolean {
  return descriptor >= descriptorLimit() - KEPT_FOR_ACCEPTING;
}

function readLimit(): number {
  try {
    const text = readFileSync("/proc/self/limits", "utf8");
    const [, soft] = /^Max open files\s+([0-9]+)/m.exec(text) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
