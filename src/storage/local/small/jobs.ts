import type { Path } from "../../errors.ts";
import type { Attributes } from "../../storage.ts";

/** Files that one job may have. */
export const MOST_TOGETHER = 64;

/** Files in one folder: so many of those that a job has, in their order. */
export interface InFolder {
  /** The way from the root to the folder. */
  readonly parents: Path;
  readonly count: number;
}

/** Files that are to be read, whole. */
export interface ReadJob {
  readonly kind: "read";
  /** The root, as calls of the system name it. */
  readonly root: string;
  readonly folders: readonly InFolder[];
  /** With a `/` between them: an object for each would cost more to hand over than its file. */
  readonly names: string;
}

/** What was read. */
export interface ReadDone {
  /** `ReadFile`s, three numbers each. */
  readonly files: Float64Array;
  /** Their contents one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A file that was read, and was the same before and after. */
export interface ReadFile {
  /** Bytes. */
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
}

/** Files that are to be stored. */
export interface StoreJob {
  readonly kind: "store";
  /** The root, as calls of the system name it. */
  readonly root: string;
  /** The folder for what is not finished, as calls of the system name it. */
  readonly staging: string;
  readonly folders: readonly InFolder[];
  /** With a `/` between them. */
  readonly names: string;
  /** `NewFile`s, three numbers each. */
  readonly files: Float64Array;
  /** Their contents one behind the other; there may be more behind them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A file that is to be stored. */
export interface NewFile {
  /** Bytes. */
  readonly size: number;
  readonly attributes: Attributes;
  /** Whether a regular file that has the name is known to be one that may be replaced. */
  readonly replace: boolean;
}

/** What was stored. */
export interface StoreDone {
  /** How many bytes each has replaced, in order. Of those that are not stored there is nothing. */
  readonly stored: readonly (number | undefined)[];
  /** The job's, given back. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Entries that a job looks at: a few milliseconds, which others may have to wait for it. */
export const MOST_LISTED = 1024;

/** What is to be listed of a folder: what has these names, or all. */
export interface ListTask {
  readonly path: Path;
  /** Each with a `/` behind it, a character a byte; at most `MOST_LISTED`. */
  readonly names?: string | undefined;
}

/** Folders that are to be listed, not what their folders hold. */
export interface ListJob {
  readonly kind: "list";
  /** The root, as calls of the system name it. */
  readonly root: string;
  readonly tasks: readonly ListTask[];
}

/** Of a task: the folder may hold very many, and its names are to be read by the ordinary way. */
export const VERY_MANY = -1;

/** What an entry is, in a byte. One that is `UNUSUAL` was not looked at, or is not to be served. */
export const UNUSUAL = 0;
export const FILE = 1;
export const EXECUTABLE = 2;
export const FOLDER = 3;

/** What was listed: an object for each entry would be most of what handing them over costs. */
export interface ListDone {
  /**
   * Of the first tasks, in order: how many entries there are; the names of so many that they are to
   * be looked at by themselves; `VERY_MANY`; `undefined` of what is left to the ordinary way. Tasks
   * that nothing is said of were not begun.
   */
  readonly outcomes: readonly (number | string | undefined)[];
  /** Of all entries, one behind the other: names as in a task, what they are, bytes, milliseconds. */
  readonly names: string;
  readonly kinds: Uint8Array;
  readonly sizes: Float64Array;
  readonly mtimes: Float64Array;
}

export type Job = ReadJob | StoreJob | ListJob;
export type JobDone = ReadDone | StoreDone | ListDone;

const NUMBERS = 3;
const NONE = -1;
const EXEC = 1;
const REPLACE = 2;

/** Writes down what was read, `undefined` of what was not. */
export function packRead(files: readonly (ReadFile | undefined)[]): Float64Array {
  const packed = new Float64Array(NUMBERS * files.length);
  for (const [index, file] of files.entries()) {
    const at = NUMBERS * index;
    packed[at] = file?.size ?? NONE;
    packed[at + 1] = file?.mtime ?? 0;
    packed[at + 2] = file?.exec === true ? EXEC : 0;
  }
  return packed;
}

/** The file at a place among those that were read. */
export function readAt(packed: Float64Array, place: number): ReadFile | undefined {
  const at = NUMBERS * place;
  const size = packed[at] ?? NONE;
  return size === NONE
    ? undefined
    : { size, mtime: packed[at + 1] ?? 0, exec: packed[at + 2] === EXEC };
}

/** Writes down what is to be stored. */
export function packNew(files: readonly NewFile[]): Float64Array {
  const packed = new Float64Array(NUMBERS * files.length);
  for (const [index, { size, attributes, replace }] of files.entries()) {
    const at = NUMBERS * index;
    packed[at] = size;
    packed[at + 1] = attributes.mtime ?? NONE;
    packed[at + 2] = (attributes.exec === true ? EXEC : 0) | (replace ? REPLACE : 0);
  }
  return packed;
}

/** Where among the contents of all files each one's begins, and where the last one's ends. */
export function startsOf(packed: Float64Array): number[] {
  const starts = [0];
  let end = 0;
  for (let at = 0; at < packed.length; at += NUMBERS) starts.push((end += packed[at] ?? 0));
  return starts;
}

/** The file at a place among those that are to be stored. */
export function newAt(packed: Float64Array, place: number): NewFile {
  const at = NUMBERS * place;
  const mtime = packed[at + 1] ?? NONE;
  const flags = packed[at + 2] ?? 0;
  const attributes = { mtime: mtime === NONE ? undefined : mtime, exec: (flags & EXEC) !== 0 };
  return { size: packed[at] ?? 0, attributes, replace: (flags & REPLACE) !== 0 };
}
