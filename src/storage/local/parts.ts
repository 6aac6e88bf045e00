import type { Path } from "../errors.ts";
import type { Part } from "../storage.ts";
import { Holders, partIdOf } from "../holders.ts";
import { isSelf } from "./owner.ts";
import type { Staged, Staging } from "./staging.ts";
import { isLeft, ownName, parseStagedName } from "./staged-name.ts";

/** A part that was opened, and how to say that it no longer is. */
export interface Claimed {
  readonly staged: Staged;
  /** Whether it was left in order; otherwise its last blocks may have holes. */
  readonly inOrder: boolean;
  /** Bytes of others that were left of it and are removed. */
  readonly forgotten: number;
  release(): void;
}

/** A file in the staging folder that nobody writes to. */
interface Left {
  readonly name: string;
  readonly kept: boolean;
  readonly size: number;
}

/** The parts of interrupted transfers in a staging folder: each has one writer at a time. */
export class Parts {
  readonly #staging: Staging;
  readonly #holders = new Holders();

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  /** Begins a part; what earlier attempts have left of it is removed. */
  async create(path: Path, part: Part): Promise<Claimed> {
    const id = partIdOf(path, part);
    const release = await this.#holders.take(id, part.onTaken);
    try {
      const left = await this.#leftOf(id);
      const forgotten = await this.#removeAll(left);
      const staged = await this.#staging.create(path, ownName(id, "part"));
      return { staged, inOrder: true, forgotten, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Opens what an earlier attempt has left; `undefined` where that is nothing. */
  async claim(path: Path, part: Part): Promise<Claimed | undefined> {
    const id = partIdOf(path, part);
    const release = await this.#holders.take(id, part.onTaken);
    try {
      // Several are left where two programs began the same; the largest saves most.
      const left = await this.#leftOf(id);
      for (const [index, { name, kept }] of left.entries()) {
        const staged = await this.#staging.claim(path, name, ownName(id, "part"));
        if (staged === undefined) continue;
        const forgotten = await this.#removeAll(left.slice(index + 1));
        return { staged, inOrder: kept, forgotten, release };
      }
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  }

  async #removeAll(left: readonly Left[]): Promise<number> {
    for (const { name } of left) await this.#staging.remove(name);
    return left.reduce((sum, { size }) => sum + size, 0);
  }

  async #leftOf(id: string): Promise<Left[]> {
    const left: Left[] = [];
    for (const { name, size, age } of await this.#staging.files()) {
      const parsed = parseStagedName(name);
      if (parsed === undefined || parsed.id !== id || parsed.kind === "tmp") continue;
      // One of this process that nobody has open was left as well.
      if (!isLeft(parsed, age) && !isSelf(parsed.owner)) continue;
      left.push({ name, kept: parsed.kind === "kept", size });
    }
    return left.toSorted((a, b) => b.size - a.size);
  }
}
