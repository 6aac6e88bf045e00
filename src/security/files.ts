/**
 * Small files that must be whole and out of the reach of others. They are read and written
 * synchronously: each is a few lines, and what happens under a lock must not be interleaved.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { SYSTEM } from "../platform/system.ts";
import { codeOf, fromSystem, SecurityError } from "./errors.ts";

/** Bits of a file's mode that let others than its owner use it, and that let them change it. */
export const USED_BY_OTHERS = 0o077;
export const CHANGED_BY_OTHERS = 0o022;

export interface ReadOptions {
  /** The longest that it can be, in bytes. */
  readonly max: number;
  /** Which bits of the mode must not be set, by the file's owner. */
  readonly forbidden: (owner: number) => number;
}

/**
 * Reads a text file that has to be regular, in UTF-8 and out of the reach of others.
 * @throws {SecurityError} naming the file and what to do
 */
export function readText(file: string, options: ReadOptions): string {
  return decode(file, readBytes(file, options));
}

/**
 * Reads a file that has to be regular and out of the reach of others.
 * @throws {SecurityError} naming the file and what to do
 */
export function readBytes(file: string, options: ReadOptions): Uint8Array {
  try {
    // A pipe that nobody writes to would hold up open() otherwise.
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new SecurityError("invalid", `${file} is not a regular file`);
      const bits = SYSTEM.hasModes ? stat.mode & options.forbidden(stat.uid) : 0;
      if (bits !== 0) throw exposed(file, bits);
      const bytes = readUpTo(descriptor, options.max + 1);
      if (bytes.length <= options.max) return bytes;
      throw new SecurityError("invalid", `${file} is too long: it can have ${options.max} bytes`);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fromSystem(error, `Cannot read ${file}`);
  }
}

/** As `readText`, and `undefined` where there is no such file. */
export function readTextIfThere(file: string, options: ReadOptions): string | undefined {
  try {
    return readText(file, options);
  } catch (error) {
    if (error instanceof SecurityError && error.problem === "not-found") return undefined;
    throw error;
  }
}

/** Makes a folder of the program's own, and those above it, for its owner alone. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fromSystem(error, `Cannot make the folder ${folder}`);
  }
}

/**
 * Makes a file of 0600 with this content where there is none: whoever is first makes it, whole, and a
 * second program at the same moment leaves it as it is.
 */
export function createOnce(file: string, content: string | Uint8Array): void {
  try {
    const temporary = writeBeside(file, content);
    try {
      linkSync(temporary, file);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    } finally {
      unlinkSync(temporary);
    }
  } catch (error) {
    throw fromSystem(error, `Cannot make ${file}`);
  }
}

/** Puts a file of 0600 with this text in the place of what is there, in one step. */
export function replaceFile(file: string, text: string): void {
  try {
    const target = targetOf(file);
    const temporary = writeBeside(target, text);
    try {
      renameSync(temporary, target);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  } catch (error) {
    throw fromSystem(error, `Cannot write ${file}`);
  }
}

/** A link stays one, and what it leads to is replaced. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return file;
    throw error;
  }
}

function writeBeside(file: string, content: string | Uint8Array): string {
  const temporary = `${file}.${crypto.randomUUID()}`;
  const descriptor = openSync(temporary, "wx", 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

/** At most so many bytes, however large the file is or grows. */
function readUpTo(descriptor: number, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const read = readSync(descriptor, bytes, length, most - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SecurityError("invalid", `${file} is not text in UTF-8`);
  }
}

function exposed(file: string, bits: number): SecurityError {
  const what = (bits & 0o044) === 0 ? "changed" : "read";
  const name = /^[\w./+-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`;
  return new SecurityError(
    "insecure",
    `${file} can be ${what} by others than its owner: run chmod 600 ${name}`,
  );
}
