import { constants } from "node:fs";
import { mkdir, open, rmdir, unlink, type FileHandle } from "node:fs/promises";
import { StorageError, type Path } from "../errors.ts";
import { STAGING } from "../names.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import type { Folder } from "./folder.ts";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** How long the folder outlives its last file, so that many small files do not remake it. */
const REMOVE_AFTER_MS = 200;
/** How often it is made again where other processes remove it as soon as it is there. */
const ATTEMPTS = 10;
const RANDOM_BYTES = 12;

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
   * Makes a new file under a name that nobody else has. Needs one `release`.
   * @param path the file that it is to become, for messages.
   * @throws {StorageError}
   */
  async create(path: Path): Promise<Staged> {
    for (let attempt = 1; ; attempt++) {
      const lease = this.#lease();
      try {
        return await createIn(lease);
      } catch (error) {
        const gone = errnoOf(error) === "ENOENT";
        if (gone) this.#drop(lease);
        await this.#giveBack(lease);
        // Another process that found the folder empty may have removed it in between.
        if (!gone || attempt === ATTEMPTS) throw unusable(error, path);
      }
    }
  }

  /** Says that a staged file is gone: moved to its name, or removed. */
  async release(staged: Staged): Promise<void> {
    await this.#giveBack(staged.lease);
  }

  /** Removes the folder where it is empty. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#removing;
    await this.#remove();
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

/** Removes a staged file. One that cannot be removed is left to be swept later. */
export async function discard(staged: Staged): Promise<void> {
  await unlink(staged.entry).catch(() => undefined);
}

async function createIn(lease: Lease): Promise<Staged> {
  const folder = await lease.folder;
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
  const name = `${random.toString("hex")}.part`;
  const entry = folder.entry(name);
  return { handle: await open(entry, CREATE, 0o666), name, entry, lease };
}

/** A folder that never was opened has nothing to close. */
async function closeFolder(lease: Lease): Promise<void> {
  await lease.folder.then((folder) => folder.close()).catch(() => undefined);
}

/** What is in the way is never the fault of the file that is to be stored. */
function unusable(error: unknown, path: Path): unknown {
  const code = errnoOf(error);
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP") return fromSystem(error, path);
  return new StorageError(
    "failed",
    path,
    (name) => `${name} cannot be begun: ${STAGING} in the root is not a folder (${code})`,
  );
}
