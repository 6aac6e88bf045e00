import type { Path } from "../../errors.ts";
import { isCreatable, isReadable } from "../../names.ts";
import { SMALL } from "../../read-blocks.ts";
import type { NewSmallFile, SmallFile } from "../../storage.ts";
import { withFolder, type Folder } from "../folder.ts";
import type { Staging } from "../staging.ts";
import type { Turns } from "../../turns.ts";
import type { Twins } from "../twins.ts";
import { MOST_TOGETHER, type InFolder, type NewFile } from "./calls.ts";
import { fileWorker } from "./file-worker.ts";

/** So many at a time are worth starting the thread for. */
const WORTH_A_THREAD = 8;

/** Folders that are remembered. */
const MOST_MADE = 1000;

/** What the storage has to do with files. */
export interface SmallContext {
  readonly root: Folder;
  readonly staging: Staging;
  readonly twins: Twins;
  readonly turns: Turns;
}

/** A file, and its place among those that were asked for. */
interface Numbered<F> {
  readonly index: number;
  readonly path: Path;
  readonly file: F;
}

/**
 * The short way for many small files on a disk of this machine: whole files, many with one message
 * to a thread. It does what can be done without a question, and says so where there is one: then
 * nothing has happened, and the ordinary way finds out what it is.
 */
export class SmallFiles {
  readonly #context: SmallContext;
  /** Folders that were made, or judged, and from which everything was stored since. */
  readonly #made = new Map<string, Promise<void>>();

  constructor(context: SmallContext) {
    this.#context = context;
  }

  /** Reads files, in place of each `undefined` where it is no small one, or anything is unusual. */
  async read(paths: readonly Path[]): Promise<readonly (SmallFile | undefined)[]> {
    const read: (SmallFile | undefined)[] = paths.map(() => undefined);
    if (!isWorth(paths.length)) return read;
    const asked = numbered(paths, (path) => (isReadable(path) ? "" : undefined));
    await Promise.all(
      inJobs(asked).map(async (some) => {
        const folders = byFolder(some, ({ path }) => path.at(-1) ?? "");
        const root = this.#context.root.self;
        const done = await fileWorker.read({ kind: "read", root, folders });
        let from = 0;
        for (const [place, { index }] of some.entries()) {
          const file = done?.files[place];
          if (done === undefined || file === undefined) continue;
          const { size, mtime, exec } = file;
          const content = done.bytes.subarray(from, from + size);
          read[index] = { mtime, exec, content };
          from += size;
        }
      }),
    );
    return read;
  }

  /** Stores files; of each that is stored it tells how many bytes of another it has replaced. */
  async store(files: readonly NewSmallFile[]): Promise<readonly (number | undefined)[]> {
    const stored: (number | undefined)[] = files.map(() => undefined);
    if (!isWorth(files.length)) return stored;
    const asked = numbered(
      files.map(({ path }) => path),
      (path, index) => {
        const file = files[index];
        return file !== undefined && file.content.length <= SMALL && isCreatable(path)
          ? file
          : undefined;
      },
    );
    await Promise.all(
      inJobs(asked).map(async (some) => {
        const left = await this.#storeIn(some, stored);
        // Somebody may have removed a folder, or it was not known whether files may be replaced.
        for (const { path } of left) this.#made.delete(path.slice(0, -1).join("/"));
        if (left.length > 0) await this.#storeIn(left, stored);
      }),
    );
    return stored;
  }

  /** @returns those that are not stored */
  async #storeIn(
    all: readonly Numbered<NewSmallFile>[],
    stored: (number | undefined)[],
  ): Promise<readonly Numbered<NewSmallFile>[]> {
    const some = await this.#inFolders(all);
    const done = await this.#storeSome(some).catch(() => []);
    for (const [place, { index }] of some.entries()) stored[index] = done[place];
    return all.filter(({ index }) => stored[index] === undefined);
  }

  /** Those whose folder is there, or could be made. */
  async #inFolders<F>(files: readonly Numbered<F>[]): Promise<readonly Numbered<F>[]> {
    const inside: Numbered<F>[] = [];
    let isThere = false;
    for (const [place, file] of files.entries()) {
      const { path } = file;
      const before = files[place - 1]?.path.slice(0, -1);
      if (!isSamePath(path.slice(0, -1), before)) {
        isThere = await this.#make(path).then(
          () => true,
          () => false,
        );
      }
      if (isThere) inside.push(file);
    }
    return inside;
  }

  /** Rejects where there is no staging folder to be had. */
  async #storeSome(
    some: readonly Numbered<NewSmallFile>[],
  ): Promise<readonly (number | undefined)[]> {
    const { root, staging, turns, twins } = this.#context;
    const paths = some.map(({ path }) => path);
    const [first] = paths;
    if (first === undefined) return [];
    const folders = byFolder(some, ({ path, file }): NewFile => {
      const { content, attributes } = file;
      const replace = twins.isExact(path);
      return { name: path.at(-1) ?? "", size: content.length, attributes, replace };
    });
    return staging.lend(first, (staged) =>
      turns.run(paths, async () => {
        const bytes = joined(some.map(({ file }) => file.content));
        const job = { root: root.self, staging: staged.self, folders, bytes };
        const done = await fileWorker.store({ kind: "store", ...job });
        return done?.stored ?? [];
      }),
    );
  }

  /**
   * Makes the folder of a file where it is missing, and judges those that are there, if need be; with
   * the file's name it finds out whether others may be replaced.
   */
  #make(path: Path): Promise<void> {
    const key = path.slice(0, -1).join("/");
    const there = this.#made.get(key);
    if (there !== undefined) return there;
    const { root, twins } = this.#context;
    const judge = (parent: Folder, above: Path): Promise<void> => twins.check(parent, above);
    const made = withFolder(root, path.slice(0, -1), { make: true, judge }, (folder) =>
      // Of one that is another's only the ordinary way tells.
      twins.check(folder, path).catch(() => undefined),
    );
    if (this.#made.size === MOST_MADE) this.#made.clear();
    this.#made.set(key, made);
    made.catch(() => this.#made.delete(key));
    return made;
  }
}

function isWorth(count: number): boolean {
  return fileWorker.isRunning || count >= WORTH_A_THREAD;
}

/** Those that something is known for. */
function numbered<F>(
  paths: readonly Path[],
  fileOf: (path: Path, index: number) => F | undefined,
): Numbered<F>[] {
  return paths.flatMap((path, index) => {
    const file = fileOf(path, index);
    return file === undefined ? [] : [{ index, path, file }];
  });
}

function inJobs<F>(files: readonly Numbered<F>[]): (readonly Numbered<F>[])[] {
  const jobs: (readonly Numbered<F>[])[] = [];
  for (let from = 0; from < files.length; from += MOST_TOGETHER) {
    jobs.push(files.slice(from, from + MOST_TOGETHER));
  }
  return jobs;
}

/** Keeps their order: each folder is opened once for those of it that come one behind the other. */
function byFolder<F, T>(
  files: readonly Numbered<F>[],
  toFile: (file: Numbered<F>) => T,
): InFolder<T>[] {
  const folders: { readonly parents: Path; readonly files: T[] }[] = [];
  for (const file of files) {
    const parents = file.path.slice(0, -1);
    const last = folders.at(-1);
    if (last !== undefined && isSamePath(last.parents, parents)) last.files.push(toFile(file));
    else folders.push({ parents, files: [toFile(file)] });
  }
  return folders;
}

function isSamePath(one: Path, other: Path | undefined): boolean {
  return one.length === other?.length && one.every((part, depth) => part === other[depth]);
}

/** In memory of its own, which the thread is given. */
function joined(contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(contents.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const content of contents) {
    bytes.set(content, end);
    end += content.length;
  }
  return bytes;
}
