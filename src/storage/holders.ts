import type { Path } from "./errors.ts";
import type { Part } from "./storage.ts";

/** Somebody of this process who has something open. */
interface Holder {
  readonly onTaken: () => void;
  readonly released: Promise<void>;
}

/** Who of this process has which part of an upload open: one at a time. */
export class Holders {
  readonly #holders = new Map<string, Holder>();

  /** Whether somebody has it. */
  has(id: string): boolean {
    return this.#holders.has(id);
  }

  /**
   * Takes it from whoever has it, and waits until that one has let go.
   * @param onTaken called when somebody else takes it
   * @returns how to let go
   */
  async take(id: string, onTaken: () => void): Promise<() => void> {
    for (let other = this.#holders.get(id); other !== undefined; other = this.#holders.get(id)) {
      other.onTaken();
      await other.released;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const holder: Holder = { onTaken, released: promise };
    this.#holders.set(id, holder);
    return () => {
      if (this.#holders.get(id) === holder) this.#holders.delete(id);
      resolve();
    };
  }
}

/** How much of a part's id tells whose name it is for, in hex digits. The rest tells which part. */
const NAME_DIGITS = 12;
const PART_DIGITS = 20;

/**
 * What a part is known by in a storage, 32 hex digits. The path belongs to the right, and so does
 * who stores it: a key is of no use for another.
 */
export function partIdOf(path: Path, { id }: Part, by: string | undefined): string {
  return nameIdOf(path, by) + digits([id, path], PART_DIGITS);
}

/** What the ids of all parts begin with that somebody has left for a name. */
export function nameIdOf(path: Path, by: string | undefined): string {
  return digits([by ?? null, path], NAME_DIGITS);
}

/** What `nameIdOf` has made of an id. */
export function nameIdIn(id: string): string {
  return id.slice(0, NAME_DIGITS);
}

function digits(what: readonly unknown[], length: number): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(what)).digest("hex").slice(0, length);
}
