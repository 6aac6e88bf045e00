import type { Link } from "../../client/link.ts";
import { BLOCK_SIZE, MOST_TOGETHER } from "../../protocol/limits.ts";
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
const MOST_BEGUN = 1022;

/**
 * How much one connection is used for at a time: for fewer requests than its server has said that
 * it takes in advance, since a listing and a word that cancels may be under way beside them.
 */
export function limitsOf(link: Link, active = MOST_ACTIVE): PoolLimits {
  return {
    active,
    // Another connection may be to a server that takes fewer.
    get begun() {
      return Math.max(1, Math.min(MOST_BEGUN, link.session.pipeline - 2));
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

/** How items are worked on. */
export interface Works<T> {
  /** Where it is left out, each weighs 1. */
  weigh?(item: T): number;
  one(item: T, turn: Turn): Promise<void>;
  /** Whether an item is to be worked on with others. They hold nothing open while they wait. */
  takes?(item: T): boolean;
  /**
   * Works on many at a time, which costs less by far where they are small.
   * @returns what is to be done by itself after all
   */
  many?(items: readonly T[]): Promise<readonly Left[]>;
}

/** What was not done together with others. */
export interface Left {
  readonly weight: number;
  /** Takes its turn before it opens anything. */
  work(turn: Turn): Promise<void>;
}

/** So that several groups can be under way where a server takes few requests in advance. */
function mostTogether({ begun }: PoolLimits): number {
  return Math.max(1, Math.min(MOST_TOGETHER, Math.floor(begun / 4)));
}

/**
 * Works on items as they come, many at the same time, in the order in which they come; only those
 * that are worked on together wait for what else came with them. Where one rejects, or the items end
 * with an error, no more are begun; those that have begun end first.
 * @param items some of them at a time, as they came together
 */
export async function runPool<T>(
  items: AsyncIterable<Iterable<T>> | Iterable<Iterable<T>>,
  limits: PoolLimits,
  works: Works<T>,
): Promise<void> {
  const pool = new Pool(limits);
  const beginTogether = async (group: readonly T[]): Promise<void> => {
    await pool.hasRoom(group.length);
    if (!pool.hasFailed) pool.beginTogether(group.length, async () => works.many?.(group) ?? []);
  };
  try {
    for await (const some of items) {
      let group: T[] = [];
      for (const item of some) {
        if (works.takes?.(item) === true) {
          group.push(item);
          if (group.length < mostTogether(limits)) continue;
          await beginTogether(group);
          group = [];
        } else {
          await pool.hasRoom(1);
          if (pool.hasFailed) break;
          pool.begin(works.weigh?.(item) ?? 1, (turn) => works.one(item, turn));
        }
        if (pool.hasFailed) break;
      }
      if (group.length > 0) await beginTogether(group);
      if (pool.hasFailed) break;
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

  /** Waits until so many more may begin, or none may because one has failed. */
  async hasRoom(count: number): Promise<void> {
    while (!this.hasFailed && !this.#takes(count)) await this.#changed.promise;
  }

  /** Another connection may take fewer than there are to begin: they may where nothing else has. */
  #takes(count: number): boolean {
    if (this.#active >= this.#limits.active) return false;
    return this.#begun === 0 || this.#begun + count <= this.#limits.begun;
  }

  /** @param held what it holds at first */
  begin(weight: number, work: (turn: Turn) => Promise<void>, held = weight): void {
    this.#active += held;
    this.#begun++;
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

  /** Begins so many, which hold nothing open. What is left of them begins when they have ended. */
  beginTogether(count: number, many: () => Promise<readonly Left[]>): void {
    this.#begun += count;
    void many()
      .catch((error: unknown) => {
        this.fail(error);
        return [];
      })
      .then((left) => {
        this.#begun -= count;
        for (const { weight, work } of left) this.begin(weight, work, 0);
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
