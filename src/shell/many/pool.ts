import type { Link } from "../../client/link.ts";
import { BLOCK_SIZE } from "../../protocol/limits.ts";
import type { Found } from "./found.ts";

/** How much is done at the same time. */
export interface PoolLimits {
  /** How much may hold something open: each item counts as much as it weighs. */
  readonly active: number;
  /** How many items may have begun and not ended. */
  readonly begun: number;
}

/** The most that may hold something open at a time, and the most that may have begun. */
const MOST_ACTIVE = 64;
const MOST_BEGUN = 1023;

/**
 * How much one connection is used for at a time: for fewer requests than its server has said that
 * it takes in advance, since a listing, or a word that cancels, may be under way beside them.
 */
export function limitsOf(link: Link, active = MOST_ACTIVE): PoolLimits {
  return {
    active,
    // Another connection may be to a server that takes fewer.
    get begun() {
      return Math.max(1, Math.min(MOST_BEGUN, link.session.pipeline - 1));
    },
  };
}

/** A file that does not fit in a block holds more than one that does. */
const HEAVY = 16;

/** What an item weighs: a file whose size is not known as much as a large one. */
export function weightOf({ type, known }: Found): number {
  return type === "file" && (known?.entry?.size ?? Infinity) > BLOCK_SIZE ? HEAVY : 1;
}

/** An item that is being worked on. At first it counts as one that holds something open. */
export interface Turn {
  /** Says that it holds nothing open any more, and only waits: others may begin. */
  release(): void;
  /** Waits until it may hold something open again; not at all where it was not released. */
  retake(): Promise<void>;
}

/**
 * Works on items as they come, many at the same time, in the order in which they come. Where one
 * rejects, or the items end with an error, no more are begun; those that have begun end first.
 */
export async function runPool<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limits: PoolLimits,
  weigh: (item: T) => number,
  work: (item: T, turn: Turn) => Promise<void>,
): Promise<void> {
  const pool = new Pool(limits);
  try {
    for await (const item of items) {
      await pool.hasRoom();
      if (pool.hasFailed) break;
      pool.begin(weigh(item), (turn) => work(item, turn));
    }
  } catch (error) {
    pool.fail(error);
  }
  await pool.end();
}

class Pool {
  readonly #limits: PoolLimits;
  #active = 0;
  #begun = 0;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Waits until another may begin, or none may because one has failed. */
  async hasRoom(): Promise<void> {
    const { active, begun } = this.#limits;
    while (!this.hasFailed && (this.#active >= active || this.#begun >= begun)) {
      await this.#changed.promise;
    }
  }

  begin(weight: number, work: (turn: Turn) => Promise<void>): void {
    this.#active += weight;
    this.#begun++;
    let held = weight;
    const release = (): void => {
      if (held === 0) return;
      this.#active -= held;
      held = 0;
      this.#change();
    };
    const retake = async (): Promise<void> => {
      if (held > 0) return;
      while (this.#active >= this.#limits.active) await this.#changed.promise;
      this.#active += weight;
      held = weight;
    };
    void work({ release, retake })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#begun--;
        release();
        this.#change();
      });
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Waits for all that have begun. Rejects as the first that did. */
  async end(): Promise<void> {
    while (this.#begun > 0) await this.#changed.promise;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
