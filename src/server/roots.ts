import type { Storage } from "../storage/storage.ts";

/** The server's root, and the folders inside it that are roots of users: each is opened once. */
export class Roots {
  readonly #whole: Storage;
  readonly #open: (root: string) => Promise<Storage>;
  readonly #opened = new Map<string, Promise<Storage>>();

  /** @param open opens a folder inside the root, made if absent */
  constructor(whole: Storage, open: (root: string) => Promise<Storage>) {
    this.#whole = whole;
    this.#open = open;
  }

  /** The files of a user who has this root, or all of it. */
  async of(root: string | undefined): Promise<Storage> {
    if (root === undefined) return this.#whole;
    const there = this.#opened.get(root);
    if (there !== undefined) return there;
    const opening = this.#open(root);
    this.#opened.set(root, opening);
    // What could not be opened is tried again by whoever comes next.
    opening.catch(() => this.#opened.delete(root));
    return opening;
  }

  /** Forgets what interrupted uploads have left for longer than `age`, in milliseconds. */
  async sweep(age: number): Promise<void> {
    for (const storage of await this.#all()) await storage.sweep(age);
  }

  async close(): Promise<void> {
    for (const storage of await this.#all()) await storage.close();
  }

  async #all(): Promise<Storage[]> {
    const opened = await Promise.allSettled(this.#opened.values());
    return [this.#whole, ...opened.flatMap((one) => (one.status === "fulfilled" ? one.value : []))];
  }
}
