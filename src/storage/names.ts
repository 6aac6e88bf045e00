import { without } from "../faults/faults.ts";
import { bare, folded, isAnywhere, whyNotEverywhere } from "../platform/names.ts";
import { StorageError, type Path } from "./errors.ts";

/** The folder inside a root that holds what is not finished; hidden from everybody. */
export const STAGING = ".sftp-staging";

/** The longest name in bytes, as UTF-8. */
const MAX_NAME = 255;
/** The longest path in bytes, as UTF-8. */
const MAX_PATH = 1024;

/** The second name, in 8.3 form, that NTFS may give the staging folder. */
const SHORT_STAGING = /^SFTP-S~[0-9]$/i;
/**
 * A name that begins with another character, which no system passes over or changes, is none of
 * these: of 10,000 it takes 2 ms rather than 9 to see that.
 */
const BEGINS_OTHERWISE = /^(?![.s])[\0-\x7f]/i;

/** Folders within folders that a listing goes down to: what is deeper is refused by name. */
export const MAX_LISTED_DEPTH = 64;

/**
 * Judges a path whose file is to be read or removed: any name that can exist, but none that leads
 * elsewhere or into the staging folder.
 * @throws {StorageError} `name`
 */
export function checkReadable(path: Path): void {
  check(path, whyNotReadable);
}

/**
 * Judges a path that is to be removed or moved: one that can be read, but not the root.
 * @throws {StorageError} `name`
 */
export function checkChangeable(path: Path): void {
  if (path.length === 0) {
    throw new StorageError("name", path, () => "The root itself cannot be removed or moved");
  }
  checkReadable(path);
}

/**
 * Judges a path that is to be made: only names that every system can hold and that no terminal,
 * shell or file system takes for something else.
 * @throws {StorageError} `name`
 */
export function checkCreatable(path: Path): void {
  if (path.length === 0) {
    throw new StorageError(
      "name",
      path,
      () => "A name is needed: the root itself is there already",
    );
  }
  check(path, whyNotCreatable);
}

/** Why a part of a path cannot be created, in words that follow the name; `undefined` if it can. */
export function whyNotCreatable(part: string): string | undefined {
  return whyNotReadable(part) ?? whyNotEverywhere(part);
}

/** What a path is compared by where it may be in the way of another. */
export function wayOf(path: Path): string {
  return path.length === 0 ? "/" : `/${folded(path.join("/"))}/`;
}

/**
 * Whether work on two ways has to be done one after the other: names that a file system may take for
 * one, or a folder and something in it.
 */
export function areInTheWay(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** Whether a name is the staging folder's on any system that there is. */
export function isStaging(part: string): boolean {
  if (BEGINS_OTHERWISE.test(part)) return false;
  return isAnywhere(part, STAGING) || SHORT_STAGING.test(bare(part));
}

function whyNotReadable(part: string): string | undefined {
  if (part === "") return "is empty";
  if (part === "." || part === "..") return "leads elsewhere";
  if (part.includes("/") || part.includes("\0")) return "holds a slash or a NUL";
  if (!part.isWellFormed()) return "is not valid Unicode";
  if (Buffer.byteLength(part) > MAX_NAME) return `is longer than ${MAX_NAME} bytes`;
  if (isStaging(part)) return "is kept for unfinished transfers";
  return undefined;
}

function check(path: Path, whyNot: (part: string) => string | undefined): void {
  if (globalThis.FAULT_LAB && without("names")) return;
  for (const part of path) {
    const reason = whyNot(part);
    if (reason === undefined) continue;
    throw new StorageError(
      "name",
      path,
      (name) => `The name ${name} is not allowed: a part of it ${reason}`,
    );
  }
  if (Buffer.byteLength(path.join("/")) > MAX_PATH) {
    throw new StorageError("name", path, () => `The path is longer than ${MAX_PATH} bytes`);
  }
}
