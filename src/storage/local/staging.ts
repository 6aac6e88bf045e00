import { constants } from "node:fs";
import { mkdir, open, rmdir, unlink, type FileHandle } from "node:fs/promises";
import { STAGING } from "../names.ts";
import { errnoOf } from "./errno.ts";
import type { Folder } from "./folder.ts";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** How long the folder outlives its last file, so that many small files do not remake it. */
const REMOVE_AFTER_MS = 200;
const RANDOM_BYTES = 12;

/** A file in the staging folder. */
export interface Staged {
  readonly handle: FileHandle;
  readonly folder: Folder;
  readonly name: string;
}

/** The folder inside a root where files are written before they get their names. */
export class Staging {
  readonly #root: Folder;
  #folder: Promise<Folder> | undefined;
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: Folder) {
    this.#root = root;
  }

  /** Makes a new file under a name that nobody else has. Every call needs one `release`. */
  async create(): Promise<Staged> {
    this.#users++;
    clearTimeout(this.#timer);
    try {
      return await this.#createIn(await this.#open());
    } catch (error) {
      // Another process that found the folder empty may have removed it in between.
      if (errnoOf(error) === "ENOENT") {
        try {
          await this.#forget();
          return await this.#createIn(await this.#open());
        } catch (second) {
          await this.release();
          throw second;
        }
      }
      await this.release();
      throw error;
    }
  }

  /** Says that a staged file is gone: moved to its name, or removed. */
  async release(): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#remove(), REMOVE_AFTER_MS);
    this.#timer.unref();
  }

  /** Removes the folder where it is empty. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#remove();
  }

  async #createIn(folder: Folder): Promise<Staged> {
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
    const name = `${random.toString("hex")}.part`;
    const handle = await open(folder.entry(name), CREATE, 0o666);
    return { handle, folder, name };
  }

  #open(): Promise<Folder> {
    this.#folder ??= this.#make();
    return this.#folder;
  }

  async #make(): Promise<Folder> {
    try {
      await mkdir(this.#root.entry(STAGING), 0o700).catch((error: unknown) => {
        if (errnoOf(error) !== "EEXIST") throw error;
      });
      return await this.#root.openChild(STAGING);
    } catch (error) {
      this.#folder = undefined;
      throw error;
    }
  }

  async #forget(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    await folder?.then((open) => open.close()).catch(() => undefined);
  }

  async #remove(): Promise<void> {
    if (this.#users > 0 || this.#folder === undefined) return;
    await this.#forget();
    // It stays where another process has something in it.
    await rmdir(this.#root.entry(STAGING)).catch(() => undefined);
  }
}

/** Removes a staged file. */
export async function discard(staged: Staged): Promise<void> {
  await unlink(staged.folder.entry(staged.name)).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
}
