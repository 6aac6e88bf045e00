import type { Path } from "../../errors.ts";
import { creatableIn, readableIn } from "../../names.ts";
import { SMALL } from "../../read-blocks.ts";
import { areInOneFolder } from "../../same-folder.ts";
import type { NewSmallFile, SmallFile } from "../../storage.ts";
import { withFolder, type Folder } from "../folder.ts";
import type { Staging } from "../staging.ts";
import type { Turns } from "../../turns.ts";
import type { Twins } from "../twins.ts";
import { fileWorker } from "./file-worker.ts";
import { MOST_TOGETHER, packNew, readAt, type InFolder } from "./jobs.ts";

/** So many at a time are worth starting the thread for, */
const WORTH_A_THREAD = 8;
/** or fewer, whose paths have so many parts: each is a folder to go down to. */
const PARTS_WORTH_A_THREAD = 64;

/** What 64 files of 4 KiB take: less is not asked for, so that it serves the next ones, too. */
const ROOM = 64 * 4096;
/** So many wait to be used again at the most: 4 MiB, where each has the largest files. */
const MOST_ROOMS = 4;

/** Folders that are remembered. */
const MOST_MADE = 1000;

/** What the storage has to do with files. */
export interface SmallContext {
  readonly root: Folder;
  readonly staging: Staging;
  readonly twins: Twins;
  readonly turns: Turns;
}

/** A file that was asked for. */
interface Asked<F> {
  /** Its place among all. */
  readonly index: number;
  readonly path: Path;
  readonly file: F;
}

/** Files of one folder, one behind the other as they were asked for. */
interface Group<F> {
  readonly parents: Path;
  /** The folder's path as text. */
  readonly key: string;
  readonly files: Asked<F>[];
}

/**
 * The short way for many small files on a disk of this machine: whole files, many with one message
 * to a thread. It does what can be done without a question, and says so where there is one: then
 * nothing has happened, and the ordinary way finds out what it is. Only where the thread dies in the
 * midst of a job some of that may be done; the ordinary way does it again.
 */
export class SmallFiles {
  readonly #context: SmallContext;
  /**
   * Folders that are being made and judged, and those that were, where their names are known to lead
   * to nothing of another name: elsewhere whoever renames a folder changes what is said of it.
   */
  readonly #made = new Map<string, Promise<boolean>>();

  constructor(context: SmallContext) {
    this.#context = context;
  }

  /** Reads files, in place of each `undefined` where it is no small one, or anything is unusual. */
  async read(paths: readonly Path[]): Promise<readonly (SmallFile | undefined)[]> {
    const read: (SmallFile | undefined)[] = paths.map(() => undefined);
    if (!isWorth(paths)) return read;
    const asked = paths.map((path, index) => ({ index, path, file: undefined }));
    await Promise.all(
      inJobs(asked).map(async (some) => {
        const root = this.#context.root.self;
        const groups = grouped(some, readableIn);
        const done = await fileWorker.read({ kind: "read", root, ...placesOf(groups) });
        if (done === undefined) return;
        let from = 0;
        for (const [place, { index }] of groups.flatMap(({ files }) => files).entries()) {
          const file = readAt(done.files, place);
          if (file === undefined) continue;
          const { size, mtime, exec } = file;
          read[index] = { mtime, exec, content: done.bytes.subarray(from, from + size) };
          from += size;
        }
      }),
    );
    return read;
  }

  /** Stores files; of each that is stored it tells how many bytes of another it has replaced. */
  async store(files: readonly NewSmallFile[]): Promise<readonly (number | undefined)[]> {
    const stored: (number | undefined)[] = files.map(() => undefined);
    if (!isWorth(files.map(({ path }) => path))) return stored;
    const asked = files.flatMap((file, index) =>
      file.content.length <= SMALL ? [{ index, path: file.path, file }] : [],
    );
    await Promise.all(
      inJobs(asked).map(async (some) => {
        const left = await this.#storeIn(grouped(some, creatableIn), stored);
        // Somebody may have removed a folder, or it was not known whether files may be replaced.
        for (const { key } of left) this.#made.delete(key);
        if (left.length > 0) await this.#storeIn(left, stored);
      }),
    );
    return stored;
  }

  /**
   * Says that a folder was made: nobody has to go down to it once more before files are stored in it.
   * @param parent holds it
   */
  async isMade(parent: Folder, path: Path): Promise<void> {
    const { twins } = this.#context;
    // It is new under whatever name: this is only to find out whether its name has others.
    await twins.check(parent, path, true).catch(() => undefined);
    if (twins.areExact(path)) this.#remember(path.join("/"), Promise.resolve(true));
  }

  /** @returns those that are not stored */
  async #storeIn(
    groups: readonly Group<NewSmallFile>[],
    stored: (number | undefined)[],
  ): Promise<readonly Group<NewSmallFile>[]> {
    const reached: Group<NewSmallFile>[] = [];
    for (const group of groups) if (await this.#make(group)) reached.push(group);
    const some = reached.flatMap(({ files }) => files);
    const done = await this.#storeSome(reached, some).catch(() => []);
    for (const [place, { index }] of some.entries()) stored[index] = done[place];
    const isLeft = ({ index }: Asked<NewSmallFile>): boolean => stored[index] === undefined;
    return groups.flatMap((group) => {
      const files = group.files.filter(isLeft);
      return files.length === 0 ? [] : [{ ...group, files }];
    });
  }

  /** Rejects where there is no staging folder to be had. */
  async #storeSome(
    groups: readonly Group<NewSmallFile>[],
    some: readonly Asked<NewSmallFile>[],
  ): Promise<readonly (number | undefined)[]> {
    const { root, staging, turns, twins } = this.#context;
    const paths = some.map(({ path }) => path);
    const [first] = paths;
    if (first === undefined) return [];
    const files = packNew(
      groups.flatMap((group) => {
        const isExact = twins.exactIn(group.parents);
        return group.files.map(({ path, file: { content, attributes } }) => {
          return { size: content.length, attributes, replace: isExact(path.at(-1) ?? "") };
        });
      }),
    );
    return staging.lend(first, (staged) =>
      turns.run(paths, async () => {
        const bytes = joined(some.map(({ file }) => file.content));
        const what = { ...placesOf(groups), files, bytes };
        const job = { root: root.self, staging: staged.self, ...what };
        const done = await fileWorker.store({ kind: "store", ...job });
        if (done === undefined) return [];
        if (rooms.length < MOST_ROOMS) rooms.push(done.bytes);
        return done.stored;
      }),
    );
  }

  /**
   * Makes a folder where it is missing, and judges those that are there, if need be; with the name of
   * a file in it it finds out whether others may be replaced.
   * @returns whether it is there
   */
  #make({ parents, key, files }: Group<NewSmallFile>): Promise<boolean> {
    const there = this.#made.get(key);
    if (there !== undefined) return there;
    const { root, twins } = this.#context;
    const judge = (parent: Folder, above: Path, isNew: boolean): Promise<void> =>
      twins.check(parent, above, isNew);
    const made = withFolder(root, parents, { make: true, judge }, async (folder) => {
      const [first] = files;
      // Of one that is another's only the ordinary way tells.
      if (first !== undefined) await twins.check(folder, first.path).catch(() => undefined);
      return true;
    })
      .catch(() => false)
      .then((isThere) => {
        const stays = isThere && twins.areExact(parents);
        if (!stays && this.#made.get(key) === made) this.#made.delete(key);
        return isThere;
      });
    this.#remember(key, made);
    return made;
  }

  #remember(key: string, made: Promise<boolean>): void {
    if (this.#made.size === MOST_MADE) this.#made.clear();
    this.#made.set(key, made);
  }
}

function isWorth(paths: readonly Path[]): boolean {
  if (fileWorker.isRunning || paths.length >= WORTH_A_THREAD) return true;
  const parts = paths.reduce((sum, path) => sum + path.length, 0);
  return paths.length > 1 && parts >= PARTS_WORTH_A_THREAD;
}

function inJobs<F>(files: readonly F[]): (readonly F[])[] {
  const jobs: (readonly F[])[] = [];
  for (let from = 0; from < files.length; from += MOST_TOGETHER) {
    jobs.push(files.slice(from, from + MOST_TOGETHER));
  }
  return jobs;
}

/**
 * Keeps their order: a folder is reached once for those of it that come one behind the other.
 * @param judgeIn of a folder, which names in it are taken; the others are left out
 */
function grouped<F>(
  files: readonly Asked<F>[],
  judgeIn: (folder: Path) => (name: string) => boolean,
): Group<F>[] {
  const groups: Group<F>[] = [];
  let last: Group<F> | undefined;
  let lastPath: Path = [];
  let isTaken: (name: string) => boolean = () => false;
  for (const file of files) {
    const { path } = file;
    const name = path.at(-1);
    if (name === undefined) continue;
    if (last === undefined || !areInOneFolder(path, lastPath)) {
      const parents = path.slice(0, -1);
      last = { parents, key: parents.join("/"), files: [] };
      groups.push(last);
      isTaken = judgeIn(parents);
    }
    lastPath = path;
    if (isTaken(name)) last.files.push(file);
  }
  return groups.filter((group) => group.files.length > 0);
}

/** Where files are, as the thread is told of it. */
function placesOf<F>(groups: readonly Group<F>[]): {
  readonly folders: readonly InFolder[];
  readonly names: string;
} {
  const folders = groups.map(({ parents, files }) => ({ parents, count: files.length }));
  const names = groups.flatMap(({ files }) => files.map(({ path }) => path.at(-1))).join("/");
  return { folders, names };
}

/** Memory that the thread has given back: to use it again costs no page faults. */
const rooms: Uint8Array<ArrayBuffer>[] = [];

/** In memory of its own, which the thread is given. */
function joined(contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const room = rooms.pop();
  const isEnough = room !== undefined && room.length >= length;
  const bytes = isEnough ? room : new Uint8Array(Math.max(length, ROOM));
  let end = 0;
  for (const content of contents) {
    bytes.set(content, end);
    end += content.length;
  }
  return bytes;
}
