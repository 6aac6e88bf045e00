import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Writes a file of random bytes, with the folders above it, and gives its content. */
export function writeRandom(path: string, bytes: number): Buffer {
  const content = randomBytes(bytes);
  write(path, content);
  return content;
}

/** Makes a file of zeros that takes no room, with the folders above it. */
export function writeSparse(path: string, bytes: number): void {
  write(path, "");
  truncateSync(path, bytes);
}

/** Writes a file, with the folders above it. */
export function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A file's content, or `undefined` where there is no such file. */
export function read(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined;
}

/** A file's size in bytes; 0 where there is no such file. */
export function size(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Every file under a folder, hidden ones included, sorted. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** The same without what lies in staging folders: what a user sees. */
export function publishedUnder(folder: string): string[] {
  return filesUnder(folder).filter((file) => !file.split("/").includes(".sftp-staging"));
}

/** Waits until something is so that nobody tells of, such as what lies in a folder. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
