import {
  closeSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { fault, shortened } from "../../../faults/faults.ts";
import type { Path } from "../../errors.ts";
import { randomId } from "../../ids.ts";
import { SMALL } from "../../read-blocks.ts";
import { AT_ONCE } from "../at-once.ts";
import { isAmongLast } from "../descriptors.ts";
import { heldFolder } from "../../../platform/held-folder.ts";
import { changedSince, executable, fileTime, itemOf } from "../item.ts";
import { CREATE_STAGED, OPEN_FILE, OPEN_FOLDER } from "../open-file.ts";
import { ownName } from "../staged-name.ts";
import {
  MOST_TOGETHER,
  newAt,
  packRead,
  startsOf,
  type InFolder,
  type NewFile,
  type ReadDone,
  type ReadFile,
  type ReadJob,
  type StoreDone,
  type StoreJob,
} from "./jobs.ts";
import { within } from "./within.ts";

/** Fewer files are looked at one by one. */
const WORTH_READING = 8;
/**
 * How large a folder may be by itself, in bytes, for each file that would be looked at instead: 64 of
 * them cost as much as the names of some hundred, which take about 40 bytes each.
 */
const BYTES_A_LOOK = 128;

/** What is read lies here until all is, and then leaves together. */
const room = Buffer.allocUnsafeSlow(MOST_TOGETHER * SMALL);

/**
 * Reads small files, all in one call. One that is not small, or with which anything is unusual, is
 * left to those who can tell what that is.
 */
export function readFiles({ root, folders, names }: ReadJob): ReadDone {
  const all = names.split("/");
  const files: (ReadFile | undefined)[] = all.map(() => undefined);
  let used = 0;
  inFolders(root, folders, (folder, first, end) =>
    within(folder, (here) => {
      for (let place = first; place < end; place++) {
        const file = readFile(`${here}/${all[place]}`, room.subarray(used, used + SMALL));
        files[place] = file;
        used += file?.size ?? 0;
      }
    }),
  );
  return { files: packRead(files), bytes: new Uint8Array(room.subarray(0, used)) };
}

/** @param use is shown each folder that can be reached, with the places of its files */
function inFolders(
  root: string,
  folders: readonly InFolder[],
  use: (folder: string, first: number, end: number) => void,
): void {
  let first = 0;
  for (const { parents, count } of folders) {
    const end = first + count;
    inFolder(root, parents, (folder) => use(folder, first, end));
    first = end;
  }
}

/**
 * Goes down without following a link, each folder held by its descriptor: see `Folder`. Only the last
 * is held; a folder that cannot be reached, or is on a disk that may not answer at once, is not used.
 */
export function inFolder(from: string, parents: Path, use: (folder: string) => void): void {
  let held: number | undefined;
  succeeds(() => {
    try {
      for (const name of parents) {
        const parent = held;
        held = openFile(`${folderOf(from, parent)}/${name}`, OPEN_FOLDER);
        if (parent !== undefined) closeFile(parent);
        // The last ones are left for turning connections away.
        if (isAmongLast(held)) return;
      }
      const folder = folderOf(from, held);
      if (AT_ONCE.has(statfsSync(folder).type)) use(folder);
    } finally {
      if (held !== undefined) closeFile(held);
    }
  });
}

function folderOf(from: string, descriptor: number | undefined): string {
  return descriptor === undefined ? from : heldFolder(descriptor);
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
export function storeFiles({ root, staging, folders, names, files, bytes }: StoreJob): StoreDone {
  const all = names.split("/");
  const stored: (number | undefined)[] = all.map(() => undefined);
  const starts = startsOf(files);
  const store = (staged: string): void =>
    inFolders(root, folders, (folder, first, end) => {
      const taken = newAt(files, first).replace ? namesTaken(folder, end - first) : undefined;
      for (let place = first; place < end; place++) {
        const name = all[place] ?? "";
        const file = newAt(files, place);
        const content = bytes.subarray(starts[place], starts[place + 1]);
        // Elsewhere than in a folder that tells cases apart, a name may be free and lead to something.
        const isFree = file.replace && taken?.has(name) === false;
        stored[place] = storeFile(`${folder}/${name}`, staged, file, content, isFree);
      }
    });
  // The name is free again as soon as what had it has its own.
  succeeds(() => within(staging, (here) => store(`${here}/${ownName(randomId(), "tmp")}`)));
  return { stored, bytes };
}

/** The names in a folder, where reading them costs less than looking at so many. */
function namesTaken(folder: string, count: number): ReadonlySet<string> | undefined {
  let taken: ReadonlySet<string> | undefined;
  if (count < WORTH_READING) return undefined;
  succeeds(() => {
    if (globalThis.FAULT_LAB) fault("small-look");
    if (statSync(`${folder}/.`).size > BYTES_A_LOOK * count) return;
    taken = new Set(readdirSync(folder));
  });
  return taken;
}

/**
 * @param isFree whether nothing has its name
 * @returns how many bytes it has replaced; `undefined` where it is not stored
 */
function storeFile(
  target: string,
  staged: string,
  file: NewFile,
  content: Uint8Array,
  isFree: boolean,
): number | undefined {
  // What has the name of another is looked at before anything is written.
  const replaced = isFree ? 0 : replaceable(target, file);
  if (replaced === undefined) return undefined;
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
    if (mtime !== undefined) {
      const time = fileTime(mtime);
      futimesSync(descriptor, time, time);
    }
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
    const descriptor = openFile(path, flags);
    try {
      // The last ones are left for turning connections away.
      if (!isAmongLast(descriptor)) result = use(descriptor);
    } finally {
      // Some file systems tell only now that a write failed.
      closeFile(descriptor);
    }
  });
  return done ? result : undefined;
}

function openFile(path: string, flags: number): number {
  if (globalThis.FAULT_LAB) fault("small-open");
  return openSync(path, flags, 0o666);
}

function closeFile(descriptor: number): void {
  closeSync(descriptor);
  if (globalThis.FAULT_LAB) fault("small-close");
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
