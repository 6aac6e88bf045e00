import { constants } from "node:fs";
import { lstat, mkdir, readdir, rename, rmdir, unlink, type FileHandle } from "node:fs/promises";
import { fault } from "../../faults/faults.ts";
import { StorageError, type Path } from "../errors.ts";
import { STAGING } from "../names.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import type { Folder } from "./folder.ts";
import { CREATE_STAGED, openFile } from "./open-file.ts";

const REOPEN = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** How long the folder outlives its last file, so that many small files do not remake it. */
const REMOVE_AFTER_MS = 200;
/** How often it is made again where other processes remove it as soon as it is there. */
const ATTEMPTS = 100;

/** What opening it fails with where there is none, or something else has its name. */
const NO_FOLDER = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** A file in the staging folder. */
export interface Staged {
  readonly handle: FileHandle;
  readonly name: string;
  /** Where it lies, for calls of the system; to be used before `release`. */
  readonly entry: string;
  /** The folder that it was made in. */
  readonly lease: Lease;
}

/** The staging folder as it was opened once; its descriptor stays open while anybody uses it. */
interface Lease {
  readonly folder: Promise<Folder>;
  users: number;
}

/** The folder inside a root where files are written before they get their names. */
export class Staging {
  readonly #root: Folder;
  #current: Lease | undefined;
  #removing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: Folder) {
    this.#root = root;
  }

  /**
   * Makes a new file, which nobody has yet. Needs one `release`.
   * @param path the file that it is to become, for messages.
   * @throws {StorageError}
   */
  create(path: Path, name: string): Promise<Staged> {
    return this.#use(path, async (lease) => {
      const entry = (await lease.folder).entry(name);
      return { handle: await createFile(entry), name, entry, lease };
    });
  }

  /**
   * Lends the folder to whoever makes files in it and has them gone before it settles.
   * @param path one of the files that they are to become, for messages.
   * @throws {StorageError}
   */
  lend<T>(path: Path, use: (folder: Folder) => Promise<T>): Promise<T> {
    return this.#use(path, async (lease) => {
      const result = await use(await lease.folder);
      await this.#giveBack(lease);
      return result;
    });
  }

  /**
   * Opens a file that was left there, under a new name. Needs one `release`.
   * @returns `undefined` where it is there no more: somebody else was faster
   * @throws {StorageError}
   */
  async claim(path: Path, left: string, name: string): Promise<Staged | undefined> {
    const opened = this.#current;
    const staged = await this.#claim(path, left, name);
    if (staged !== undefined || opened === undefined) return staged;
    // Another process may have removed the folder and made it again since it was opened here.
    if (opened === this.#current) {
      this.#drop(opened);
      if (opened.users === 0) await closeFolder(opened);
    }
    return this.#claim(path, left, name);
  }

  /** What lies there, by name. */
  async names(): Promise<readonly string[]> {
    let names: readonly string[] = [];
    await this.#ifThere(async (folder) => {
      names = await namesIn(folder);
    });
    return names;
  }

  /**
   * What lies there: names, sizes in bytes, and how long ago it was written to, in milliseconds.
   * @param prefix what the names begin with that are wanted
   */
  async files(
    prefix: string,
  ): Promise<{ readonly name: string; readonly size: number; readonly age: number }[]> {
    const found: { name: string; size: number; age: number }[] = [];
    await this.#ifThere(async (folder) => {
      for (const name of await namesIn(folder)) {
        if (!name.startsWith(prefix)) continue;
        const stat = await lstat(folder.entry(name)).catch(() => undefined);
        if (stat?.isFile() !== true) continue;
        found.push({ name, size: stat.size, age: Date.now() - stat.mtimeMs });
      }
    });
    return found;
  }

  /**
   * Removes a file that was left there, if it still is.
   * @returns whether it was there and is gone
   */
  async remove(name: string): Promise<boolean> {
    let removed = false;
    await this.#ifThere(async (folder) => {
      removed = await unlink(folder.entry(name)).then(
        () => true,
        () => false,
      );
    });
    return removed;
  }

  /** Says that a staged file is gone: moved to its name, or removed. */
  async release(staged: Staged): Promise<void> {
    await this.#giveBack(staged.lease);
  }

  /** Removes the folder where it is empty and nobody uses it. */
  async tidy(): Promise<void> {
    if (this.#current === undefined) await this.#removeEmpty();
  }

  /** Removes the folder where it is empty. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#removing;
    await this.#remove();
  }

  #claim(path: Path, left: string, name: string): Promise<Staged | undefined> {
    return this.#use(path, async (lease) => {
      const folder = await lease.folder;
      const entry = folder.entry(name);
      try {
        if (globalThis.FAULT_LAB) fault("claim");
        if (left !== name) await rename(folder.entry(left), entry);
        const handle = await openFile(entry, REOPEN);
        if ((await handle.stat()).isFile()) return { handle, name, entry, lease };
        await handle.close();
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error;
      }
      await this.#giveBack(lease);
      return undefined;
    });
  }

  async #use<T>(path: Path, work: (lease: Lease) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const lease = this.#lease();
      try {
        return await work(lease);
      } catch (error) {
        const gone = errnoOf(error) === "ENOENT";
        if (gone) this.#drop(lease);
        await this.#giveBack(lease);
        // Another process that found the folder empty may have removed it in between.
        if (!gone || attempt === ATTEMPTS) throw unusable(error, path);
      }
    }
  }

  /** Looks into the folder without making it. Rejects with the system's error. */
  async #ifThere(work: (folder: Folder) => Promise<void>): Promise<void> {
    let folder: Folder;
    try {
      folder = await this.#root.openChild(STAGING);
    } catch (error) {
      // Without descriptors nobody knows what is there; to say nothing would lose it.
      if (NO_FOLDER.has(errnoOf(error) ?? "")) return;
      throw error;
    }
    try {
      await work(folder);
    } finally {
      await folder.close();
    }
  }

  #lease(): Lease {
    clearTimeout(this.#timer);
    const lease = this.#current ?? { folder: this.#make(), users: 0 };
    if (lease !== this.#current) lease.folder.catch(() => this.#drop(lease));
    this.#current = lease;
    lease.users++;
    return lease;
  }

  /** Lets the next file have the folder opened anew. */
  #drop(lease: Lease): void {
    if (this.#current === lease) this.#current = undefined;
  }

  async #giveBack(lease: Lease): Promise<void> {
    lease.users--;
    if (lease.users > 0) return;
    if (lease !== this.#current) return closeFolder(lease);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#removing = this.#remove();
    }, REMOVE_AFTER_MS);
    this.#timer.unref();
  }

  async #make(): Promise<Folder> {
    await this.#removing;
    if (globalThis.FAULT_LAB) fault("mkdir");
    await mkdir(this.#root.entry(STAGING), 0o700).catch((error: unknown) => {
      if (errnoOf(error) !== "EEXIST") throw error;
    });
    try {
      return await this.#root.openChild(STAGING);
    } catch (error) {
      await this.#removeEmpty();
      throw error;
    }
  }

  async #remove(): Promise<void> {
    const lease = this.#current;
    if (lease === undefined || lease.users > 0) return;
    this.#current = undefined;
    await closeFolder(lease);
    await this.#removeEmpty();
  }

  /** It stays where another process, or one that was killed, has something in it. */
  async #removeEmpty(): Promise<void> {
    await rmdir(this.#root.entry(STAGING)).catch(() => undefined);
  }
}

/** None where the folder was removed since it was opened. */
async function namesIn(folder: Folder): Promise<readonly string[]> {
  try {
    return await readdir(folder.self);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Removes a staged file. One that cannot be removed is left to be swept later. */
export async function discard(staged: Staged): Promise<void> {
  try {
    if (globalThis.FAULT_LAB) fault("discard");
    await unlink(staged.entry);
  } catch {
    // It is not needed, and hidden.
  }
}

async function createFile(entry: string): Promise<FileHandle> {
  try {
    return await openFile(entry, CREATE_STAGED, 0o666);
  } catch (error) {
    if (errnoOf(error) === "EMFILE") await unlink(entry).catch(() => undefined);
    throw error;
  }
}

/** A folder that never was opened has nothing to close. */
async function closeFolder(lease: Lease): Promise<void> {
  await lease.folder.then((folder) => folder.close()).catch(() => undefined);
}

/** What is in the way is never the fault of the file that is to be stored. */
function unusable(error: unknown, path: Path): unknown {
  const code = errnoOf(error);
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP") return fromSystem(error, path);
  if (code === "ENOENT") {
    return new StorageError(
      "failed",
      path,
      (name) =>
        `${name} cannot be begun: the folder that it goes to is gone, or takes no new files`,
    );
  }
  return new StorageError(
    "failed",
    path,
    (name) => `${name} cannot be begun: ${STAGING} in the root is not a folder (${code})`,
  );
}
