import { lstatSync, readdirSync, readFileSync, readlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { write } from "./files.ts";

const STAGING = ".sftp-staging";
/** A time that no file has by chance, in milliseconds. */
const TIME = 1_600_000_000_123;

/** Writes files, named by their paths, with their contents and times of their own. */
export function writeTree(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [index, [name, content]] of Object.entries(files).entries()) {
    write(join(folder, name), content);
    setTime(join(folder, name), TIME + index * 1001);
  }
}

/** Sets a file's time, in milliseconds. */
export function setTime(path: string, ms: number): void {
  utimesSync(path, new Date(ms), new Date(ms));
}

/**
 * Contents by path, folders with a slash behind their name, links with where they lead; what is
 * unfinished is left out.
 */
export function contentsOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    entriesUnder(folder).map(({ name, path, isFolder }) =>
      isFolder ? [`${name}/`, ""] : [name, contentOf(path)],
    ),
  );
}

function contentOf(path: string): string {
  if (lstatSync(path).isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return readFileSync(path).toString("latin1");
}

/** What there is to see of a tree: each file with size, time, right to execute and content. */
export function factsOf(folder: string): string[] {
  return entriesUnder(folder).map(({ name, path, isFolder }) => {
    if (isFolder) return `${name}/`;
    const { size, mtimeNs, mode } = lstatSync(path, { bigint: true });
    const exec = (mode & 0o100n) !== 0n ? " x" : "";
    const digest = Bun.hash.xxHash3(readFileSync(path)).toString(16);
    return `${name} ${size} ${mtimeNs / 1_000_000n}${exec} ${digest}`;
  });
}

function entriesUnder(folder: string): { name: string; path: string; isFolder: boolean }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: path.slice(folder.length + 1), path, isFolder: entry.isDirectory() };
    })
    .filter(({ name }) => !name.split("/").includes(STAGING))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
