import { without } from "../faults/faults.ts";
import { bare, isAnywhere, isPlain, whyNotEverywhere } from "../platform/names.ts";
import { StorageError, type Path } from "./errors.ts";

/** The folder inside a root that holds what is not finished; hidden from everybody. */
export const STAGING = ".sftp-staging";

/** The longest name in bytes, as UTF-8. */
const MAX_NAME = 255;
/** The longest path in bytes, as UTF-8. */
export const MAX_PATH = 1024;

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

/** Judges names in a folder as `checkReadable` judges their paths: the folder is judged once for all. */
export function readableIn(folder: Path): (name: string) => boolean {
  return judgeIn(folder, whyNotReadable);
}

/** Judges names in a folder as `checkCreatable` judges their paths. */
export function creatableIn(folder: Path): (name: string) => boolean {
  return judgeIn(folder, whyNotCreatable);
}

/** Why a part of a path cannot be created, in words that follow the name; `undefined` if it can. */
export function whyNotCreatable(part: string): string | undefined {
  if (isOrdinary(part)) return undefined;
  return whyNotReadable(part) ?? whyNotEverywhere(part);
}

/** Whether a name is the staging folder's on any system that there is. */
export function isStaging(part: string): boolean {
  if (BEGINS_OTHERWISE.test(part)) return false;
  return isAnywhere(part, STAGING) || SHORT_STAGING.test(bare(part));
}

/** As good as every name is plain, and to judge it as any other costs five times as much. */
function isOrdinary(part: string): boolean {
  return isPlain(part) && part.length <= MAX_NAME;
}

function whyNotReadable(part: string): string | undefined {
  if (isOrdinary(part)) return undefined;
  if (part === "") return "is empty";
  if (part === "." || part === "..") return "leads elsewhere";
  if (part.includes("/") || part.includes("\0")) return "holds a slash or a NUL";
  if (!part.isWellFormed()) return "is not valid Unicode";
  if (Buffer.byteLength(part) > MAX_NAME) return `is longer than ${MAX_NAME} bytes`;
  if (isStaging(part)) return "is kept for unfinished transfers";
  return undefined;
}

function judgeIn(
  folder: Path,
  whyNotPart: (part: string) => string | undefined,
): (name: string) => boolean {
  if (globalThis.FAULT_LAB && without("names")) return () => true;
  if (whyNot(folder, whyNotPart) !== undefined) return () => false;
  const above = folder.length === 0 ? 0 : Buffer.byteLength(folder.join("/")) + 1;
  return (name) => whyNotPart(name) === undefined && above + Buffer.byteLength(name) <= MAX_PATH;
}

function check(path: Path, whyNotPart: (part: string) => string | undefined): void {
  const reason = whyNot(path, whyNotPart);
  if (reason !== undefined) throw new StorageError("name", path, reason);
}

/** In words that a path as people know it is put into. */
function whyNot(
  path: Path,
  whyNotPart: (part: string) => string | undefined,
): ((name: string) => string) | undefined {
  if (globalThis.FAULT_LAB && without("names")) return undefined;
  for (const part of path) {
    const reason = whyNotPart(part);
    if (reason === undefined) continue;
    return (name) => `The name ${name} is not allowed: a part of it ${reason}`;
  }
  if (Buffer.byteLength(path.join("/")) <= MAX_PATH) return undefined;
  return () => `The path is longer than ${MAX_PATH} bytes`;
}
