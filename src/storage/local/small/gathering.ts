import type { Path } from "../../errors.ts";
import { MOST_TOGETHER } from "./calls.ts";

/** Bytes that errands which are done together carry at the most. */
const MOST_BYTES = 1024 * 1024;

/** What is to be done with a file of some folder, and who is told how that went. */
export interface Errand<T, R> {
  readonly path: Path;
  readonly what: T;
  /** Bytes that it has to carry. */
  readonly weight: number;
  readonly resolve: (result: R | undefined) => void;
}

/** How errands are done. */
export interface Doing<T, R> {
  /** Settles when some can be done: what is asked for until then is done together. */
  ready(): Promise<void>;
  /** Whether so many are worth it. */
  isWorth(count: number): boolean;
  /** Does some in one folder. Those that it says nothing of could not be done. */
  act(parents: Path, errands: readonly Errand<T, R>[]): Promise<void>;
}

/** Gathers what is asked for at the same time, or while earlier things are done, by its folder. */
export class Gathering<T, R> {
  readonly #folders = new Map<string, Errand<T, R>[]>();
  readonly #doing: Doing<T, R>;

  constructor(doing: Doing<T, R>) {
    this.#doing = doing;
  }

  /** @returns `undefined` where it could not be done this way: nothing has happened then */
  add(path: Path, what: T, weight: number): Promise<R | undefined> {
    return new Promise((resolve) => {
      const parents = path.slice(0, -1);
      const key = parents.join("/");
      const errand = { path, what, weight, resolve };
      const waiting = this.#folders.get(key);
      if (waiting !== undefined) {
        waiting.push(errand);
        return;
      }
      const errands = [errand];
      this.#folders.set(key, errands);
      // Behind whatever else is asked for in this turn of the event loop.
      setImmediate(() => void this.#go(key, parents, errands));
    });
  }

  async #go(key: string, parents: Path, errands: readonly Errand<T, R>[]): Promise<void> {
    const { isWorth } = this.#doing;
    if (isWorth(errands.length)) await this.#doing.ready();
    this.#folders.delete(key);
    const some = isWorth(errands.length) ? inBatches(errands) : [];
    await Promise.all(some.map((batch) => this.#act(parents, batch)));
    for (const { resolve } of errands) resolve(undefined);
  }

  async #act(parents: Path, batch: readonly Errand<T, R>[]): Promise<void> {
    try {
      await this.#doing.act(parents, batch);
    } catch {
      // What is wrong is found and told by those who go the ordinary way.
    } finally {
      for (const { resolve } of batch) resolve(undefined);
    }
  }
}

function inBatches<T, R>(errands: readonly Errand<T, R>[]): Errand<T, R>[][] {
  const batches: Errand<T, R>[][] = [];
  let batch: Errand<T, R>[] = [];
  let bytes = 0;
  for (const errand of errands) {
    if (batch.length === MOST_TOGETHER || bytes + errand.weight > MOST_BYTES) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(errand);
    bytes += errand.weight;
  }
  return [...batches, batch];
}
