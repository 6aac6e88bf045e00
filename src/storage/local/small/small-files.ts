import type { Path } from "../../errors.ts";
import { creatableIn, readableIn } from "../../names.ts";
import { SMALL } from "../../read-blocks.ts";
import type { NewSmallFile, SmallFile } from "../../storage.ts";
import { withFolder, type Folder } from "../folder.ts";
import type { Staging } from "../staging.ts";
import type { Turns } from "../../turns.ts";
import type { Twins } from "../twins.ts";
import { fileWorker } from "./file-worker.ts";
import { inJobs, placesOf, type Group } from "./groups.ts";
import { readAt } from "./jobs.ts";
import { storeJobOf, useAgain } from "./new-files.ts";

/** So many at a time are worth starting the thread for, */
const WORTH_A_THREAD = 8;
/** or fewer, whose paths have so many parts: each is a folder to go down to. */
const PARTS_WORTH_A_THREAD = 64;

/** Folders that are remembered. */
const MOST_MADE = 1000;

/** What the storage has to do with files. */
export interface SmallContext {
  readonly root: Folder;
  readonly staging: Staging;
  readonly twins: Twins;
  readonly turns: Turns;
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
    const root = this.#context.root.self;
    await Promise.all(
      inJobs(paths, readableIn).map(async (groups) => {
        const where = placesOf(groups, (place) => paths[place]?.at(-1));
        const done = await fileWorker.read({ kind: "read", root, ...where });
        if (done === undefined) return;
        let from = 0;
        let nth = 0;
        for (const { places } of groups) {
          for (const place of places) {
            const file = readAt(done.files, nth++);
            if (file === undefined) continue;
            const { size, mtime, exec } = file;
            read[place] = { mtime, exec, content: done.bytes.subarray(from, from + size) };
            from += size;
          }
        }
      }),
    );
    return read;
  }

  /** Stores files; of each that is stored it tells how many bytes of another it has replaced. */
  async store(files: readonly NewSmallFile[]): Promise<readonly (number | undefined)[]> {
    const stored: (number | undefined)[] = files.map(() => undefined);
    const paths = files.map(({ path }) => path);
    if (!isWorth(paths)) return stored;
    const isSmall = (place: number): boolean => (files[place]?.content.length ?? 0) <= SMALL;
    await Promise.all(
      inJobs(paths, creatableIn, isSmall).map(async (groups) => {
        const left = await this.#storeIn(groups, files, stored);
        // Somebody may have removed a folder, or it was not known whether files may be replaced.
        for (const { key } of left) this.#made.delete(key);
        if (left.length > 0) await this.#storeIn(left, files, stored);
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
    groups: readonly Group[],
    files: readonly NewSmallFile[],
    stored: (number | undefined)[],
  ): Promise<readonly Group[]> {
    const reached: Group[] = [];
    for (const group of groups) {
      if (await this.#make(group, files)) reached.push(group);
    }
    const done = await this.#storeSome(reached, files).catch(() => []);
    let nth = 0;
    for (const { places } of reached) for (const place of places) stored[place] = done[nth++];
    const left: Group[] = [];
    for (const group of groups) {
      const places = group.places.filter((place) => stored[place] === undefined);
      if (places.length > 0) left.push({ ...group, places });
    }
    return left;
  }

  /** Rejects where there is no staging folder to be had. */
  async #storeSome(
    groups: readonly Group[],
    all: readonly NewSmallFile[],
  ): Promise<readonly (number | undefined)[]> {
    const { root, staging, turns, twins } = this.#context;
    const [first] = groups;
    const [place = -1] = first?.places ?? [];
    const path = all[place]?.path;
    if (path === undefined) return [];
    const folders = groups.map(({ parents }) => parents);
    return staging.lend(path, (staged) =>
      // The thread does one such job after the other, so that none is in the way of another.
      turns.runIn(folders, async () => {
        const job = storeJobOf(groups, all, twins);
        const places = { root: root.self, staging: staged.self };
        const done = await fileWorker.store({ kind: "store", ...places, ...job });
        if (done === undefined) return [];
        useAgain(done.bytes);
        return done.stored;
      }),
    );
  }

  /**
   * Makes a folder where it is missing, and judges those that are there, if need be; with the name of
   * a file in it it finds out whether others may be replaced.
   * @returns whether it is there
   */
  #make({ parents, key, places }: Group, files: readonly NewSmallFile[]): Promise<boolean> {
    const there = this.#made.get(key);
    if (there !== undefined) return there;
    const { root, twins } = this.#context;
    const judge = (parent: Folder, above: Path, isNew: boolean): Promise<void> =>
      twins.check(parent, above, isNew);
    const made = withFolder(root, parents, { make: true, judge }, async (folder) => {
      const first = files[places[0] ?? -1]?.path;
      // Of one that is another's only the ordinary way tells.
      if (first !== undefined) await twins.check(folder, first).catch(() => undefined);
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
