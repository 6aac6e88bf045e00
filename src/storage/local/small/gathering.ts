import type { Path } from "../../errors.ts";
import { MOST_TOGETHER } from "./calls.ts";

/** What is to be done with a file of some folder, and who is told how that went. */
export interface Errand<T, R> {
  readonly path: Path;
  readonly what: T;
  /** Bytes that it has to carry. */
  readonly weight: number;
  readonly resolve: (result: R | undefined) => void;
}

/** Bytes that errands which are done together carry at the most. */
const MOST_BYTES = 1024 * 1024;

/**
 * Gathers what is asked for at the same time, or while earlier ones are done, by the folder that it
 * is in: the way to a folder is gone once for all of them.
 */
export class Gathering<T, R> {
  readonly #folders = new Map<string, Errand<T, R>[]>();
  readonly #visit: (parents: Path, visit: Visit<T, R>) => Promise<void>;

  /** @param visit goes to a folder, and does there what `take` gives until it gives nothing */
  constructor(visit: (parents: Path, visit: Visit<T, R>) => Promise<void>) {
    this.#visit = visit;
  }

  /** @returns `undefined` where it could not be done this way: nothing has happened then */
  add(path: Path, what: T, weight: number): Promise<R | undefined> {
    return new Promise((resolve) => {
      const parents = path.slice(0, -1);
      const key = parents.join("/");
      const errand = { path, what, weight, resolve };
      const errands = this.#folders.get(key);
      if (errands !== undefined) {
        errands.push(errand);
        return;
      }
      const begun = [errand];
      this.#folders.set(key, begun);
      // Behind whatever else is asked for in this turn of the event loop.
      setImmediate(() => void this.#go(key, parents, begun));
    });
  }

  async #go(key: string, parents: Path, errands: Errand<T, R>[]): Promise<void> {
    // Who comes when all that was asked for is done has the way gone anew.
    const leave = (): void => {
      if (this.#folders.get(key) === errands) this.#folders.delete(key);
    };
    const take = (): Errand<T, R>[] => {
      if (errands.length === 0) leave();
      return takeSome(errands);
    };
    try {
      await this.#visit(parents, { waiting: errands.length, take });
    } finally {
      leave();
      for (const { resolve } of errands.splice(0)) resolve(undefined);
    }
  }
}

/** One way to a folder. */
export interface Visit<T, R> {
  /** How many errands there were when it began. */
  readonly waiting: number;
  /** The next that are done together; none where none is left. */
  take(): readonly Errand<T, R>[];
}

function takeSome<T, R>(errands: Errand<T, R>[]): Errand<T, R>[] {
  let count = 0;
  let bytes = 0;
  for (const { weight } of errands) {
    bytes += weight;
    if (count === MOST_TOGETHER || (count > 0 && bytes > MOST_BYTES)) break;
    count++;
  }
  return errands.splice(0, count);
}
