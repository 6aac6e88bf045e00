import {
  closeSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { fault, shortened } from "../../../faults/faults.ts";
import type { Path } from "../../errors.ts";
import { randomId } from "../../ids.ts";
import { SMALL } from "../../read-blocks.ts";
import type { Attributes } from "../../storage.ts";
import { AT_ONCE } from "../at-once.ts";
import { isAmongLast } from "../descriptors.ts";
import { changedSince, executable, fileTime, itemOf } from "../item.ts";
import { CREATE_STAGED, OPEN_FILE, OPEN_FOLDER } from "../open-file.ts";
import { ownName } from "../staged-name.ts";

/** Files that one job may have. */
export const MOST_TOGETHER = 64;

/** What is read lies here until all is, and then leaves together. */
const room = Buffer.allocUnsafeSlow(MOST_TOGETHER * SMALL);

/** Files in one folder. */
export interface InFolder<F> {
  /** The way from the root to the folder. */
  readonly parents: Path;
  readonly files: readonly F[];
}

/** Files that are to be read, whole. */
export interface ReadJob {
  readonly kind: "read";
  /** The root, as calls of the system name it. */
  readonly root: string;
  /** The names of files. */
  readonly folders: readonly InFolder<string>[];
}

/** A file that was read, and was the same before and after. */
export interface ReadFile {
  /** Bytes. */
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
}

/** What was read: what of each, in order, and their contents one behind the other. */
export interface ReadDone {
  readonly files: readonly (ReadFile | undefined)[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A file that is to be stored. */
export interface NewFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly attributes: Attributes;
  /** Whether a regular file that has the name is known to be one that may be replaced. */
  readonly replace: boolean;
}

/** Files that are to be stored. */
export interface StoreJob {
  readonly kind: "store";
  /** The root, as calls of the system name it. */
  readonly root: string;
  /** The folder for what is not finished, as calls of the system name it. */
  readonly staging: string;
  readonly folders: readonly InFolder<NewFile>[];
  /** Their contents one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How many bytes each file that is stored has replaced, in order. Of the others there is nothing. */
export interface StoreDone {
  readonly stored: readonly (number | undefined)[];
}

export type Job = ReadJob | StoreJob;
export type JobDone = ReadDone | StoreDone;

/**
 * Reads small files, all in one call. One that is not small, or with which anything is unusual, is
 * left to those who can tell what that is.
 */
export function readFiles({ root, folders }: ReadJob): ReadDone {
  let used = 0;
  const files = folders.flatMap(({ parents, files: names }) => {
    const read: (ReadFile | undefined)[] = names.map(() => undefined);
    inFolder(root, parents, (folder) => {
      for (const [index, name] of names.entries()) {
        const file = readFile(`${folder}/${name}`, room.subarray(used, used + SMALL));
        used += file?.size ?? 0;
        read[index] = file;
      }
    });
    return read;
  });
  return { files, bytes: new Uint8Array(room.subarray(0, used)) };
}

/** Goes down without following a link, each folder held by its descriptor: see `Folder`. */
export function inFolder(from: string, parents: Path, use: (folder: string) => void): void {
  const [next, ...rest] = parents;
  if (next === undefined) {
    if (AT_ONCE.has(statfsSync(from).type)) use(from);
    return;
  }
  withFile(`${from}/${next}`, OPEN_FOLDER, (descriptor) =>
    inFolder(`/proc/self/fd/${descriptor}`, rest, use),
  );
}

function readFile(path: string, room: Buffer): ReadFile | undefined {
  return withFile(path, OPEN_FILE, (descriptor) => {
    if (globalThis.FAULT_LAB) fault("small-stat");
    const before = fstatSync(descriptor, { bigint: true });
    if (!before.isFile() || before.size > SMALL) return undefined;
    const { size, mtime, exec } = itemOf(before);
    for (let done = 0; done < size;) {
      const rest = room.subarray(done, size);
      const [into = rest] = globalThis.FAULT_LAB ? shortened("small-read", [rest]) : [rest];
      const bytes = readSync(descriptor, into, 0, into.length, done);
      if (bytes === 0) return undefined;
      done += bytes;
    }
    if (changedSince(before, fstatSync(descriptor, { bigint: true }))) return undefined;
    return { size, mtime, exec };
  });
}

/**
 * Stores small files, all in one call, each in the staging folder first. One with which anything is
 * unusual is left to those who can tell what that is, and nothing stays of it.
 */
export function storeFiles({ root, staging, folders, bytes }: StoreJob): StoreDone {
  let from = 0;
  const stored = folders.flatMap(({ parents, files }) => {
    const contents = files.map(({ size }) => bytes.subarray(from, (from += size)));
    const kept: (number | undefined)[] = files.map(() => undefined);
    inFolder(root, parents, (folder) => {
      for (const [index, file] of files.entries()) {
        const content = contents[index];
        if (content === undefined) continue;
        kept[index] = storeFile(`${folder}/${file.name}`, staging, file, content);
      }
    });
    return kept;
  });
  return { stored };
}

/** @returns how many bytes it has replaced; `undefined` where it is not stored */
function storeFile(
  target: string,
  staging: string,
  file: NewFile,
  content: Uint8Array,
): number | undefined {
  // Most names are free; what has the name of another is looked at before anything is written.
  const replaced = replaceable(target, file);
  if (replaced === undefined) return undefined;
  const staged = `${staging}/${ownName(randomId(), "tmp")}`;
  const written = withFile(staged, CREATE_STAGED, (descriptor) => {
    for (let done = 0; done < content.length;) {
      const rest = content.subarray(done);
      const [from = rest] = globalThis.FAULT_LAB ? shortened("small-write", [rest]) : [rest];
      const bytes = writeSync(descriptor, from, 0, from.length, done);
      if (bytes === 0) return false;
      done += bytes;
    }
    const { exec, mtime } = file.attributes;
    if (globalThis.FAULT_LAB && exec === true) fault("small-mode");
    if (exec === true) fchmodSync(descriptor, executable(fstatSync(descriptor).mode));
    if (globalThis.FAULT_LAB) fault("small-times");
    if (mtime !== undefined) futimesSync(descriptor, fileTime(mtime), fileTime(mtime));
    return true;
  });
  const put = (): void => {
    if (globalThis.FAULT_LAB) fault("small-rename");
    renameSync(staged, target);
  };
  if (written === true && succeeds(put)) return replaced;
  succeeds(() => unlinkSync(staged));
  return undefined;
}

/** How many bytes have the name, which may be replaced; `undefined` where not. */
function replaceable(target: string, { replace }: NewFile): number | undefined {
  try {
    if (globalThis.FAULT_LAB) fault("small-look");
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (there === undefined) return 0;
    return replace && there.isFile() ? there.size : undefined;
  } catch {
    return undefined;
  }
}

/** Hands an open file to `use`, and closes it; `undefined` where any of it fails. */
function withFile<T>(path: string, flags: number, use: (descriptor: number) => T): T | undefined {
  let result: T | undefined;
  const done = succeeds(() => {
    if (globalThis.FAULT_LAB) fault("small-open");
    const descriptor = openSync(path, flags, 0o666);
    try {
      // The last ones are left for turning connections away.
      if (!isAmongLast(descriptor)) result = use(descriptor);
    } finally {
      // Some file systems tell only now that a write failed.
      closeSync(descriptor);
      if (globalThis.FAULT_LAB) fault("small-close");
    }
  });
  return done ? result : undefined;
}

/** Any failure is for those to tell who go the ordinary way. */
function succeeds(call: () => void): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}
