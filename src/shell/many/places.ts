import { basename, dirname } from "node:path";
import type { Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { openLocal, openLocalFolder, resolveTyped, type LocalSide } from "../local-path.ts";

/** Folders outside of the client's root that are held open at a time: a few files each. */
const MOST_OPEN = 32;

/** A place on this side that is in use. */
export interface Taken {
  readonly storage: Storage;
  readonly path: Path;
  /** Says that one more uses it; gives what that one has to call when it no longer does. */
  use(): () => void;
  /** To be called when it is no longer used here. */
  release(): void;
}

interface Shared {
  readonly storage: Storage;
  readonly close: () => Promise<void>;
  users: number;
}

/** The places that the words of one command name, opened when they are used and shared by folder. */
export class Places implements AsyncDisposable {
  readonly #side: LocalSide;
  readonly #open = new Map<string, Shared>();
  #closing: Promise<unknown> = Promise.resolve();
  #closed = Promise.withResolvers<void>();

  constructor(side: LocalSide) {
    this.#side = side;
  }

  /**
   * Opens what a word names, or the folder that it is in; one at a time.
   * @param asFolder whether the word can only name a folder, which is to be looked through
   * @throws {StorageError}
   */
  async take(typed: string, { asFolder }: { readonly asFolder: boolean }): Promise<Taken> {
    const full = resolveTyped(this.#side, typed);
    const key = asFolder ? full : dirname(full);
    const name = basename(full);
    const path = asFolder || name === "" ? [] : [name];
    const known = this.#open.get(key);
    if (known !== undefined) return this.#taken(key, known, path);
    while (this.#open.size >= MOST_OPEN) await this.#closed.promise;
    const open = asFolder ? openLocalFolder : openLocal;
    const place = await open(this.#side, typed, { make: false });
    if (place.storage === this.#side.root) {
      const nothing = (): void => undefined;
      return { ...place, use: () => nothing, release: nothing };
    }
    const shared: Shared = { storage: place.storage, close: () => place.close(), users: 0 };
    this.#open.set(key, shared);
    return this.#taken(key, shared, path);
  }

  /** Closes all that are still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of this.#open.keys()) this.#close(key);
    await this.#closing;
  }

  #taken(key: string, shared: Shared, path: Path): Taken {
    const use = (): (() => void) => {
      shared.users++;
      let used = true;
      return () => {
        if (!used) return;
        used = false;
        if (--shared.users === 0 && this.#open.get(key) === shared) this.#close(key);
      };
    };
    return { storage: shared.storage, path, use, release: use() };
  }

  #close(key: string): void {
    const shared = this.#open.get(key);
    this.#open.delete(key);
    this.#closing = Promise.all([this.#closing, shared?.close()]);
    this.#closed.resolve();
    this.#closed = Promise.withResolvers();
  }
}
