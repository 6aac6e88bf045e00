import type { Path } from "./errors.ts";
import { areInTheWay, wayOf } from "./names.ts";

interface Turn {
  readonly ways: readonly string[];
  readonly done: Promise<unknown>;
}

/**
 * Has work on the same names, or on a folder and something in it, done one after the other; other
 * work does not wait for it.
 */
export class Turns {
  readonly #running = new Set<Turn>();

  /** @returns what `work` gives, once its turn has come */
  run<T>(paths: readonly Path[], work: () => Promise<T>): Promise<T> {
    const ways = paths.map(wayOf);
    const before = [...this.#running].filter((turn) => meet(turn.ways, ways));
    const result = Promise.all(before.map(({ done }) => done)).then(work);
    const done = result.catch(() => undefined);
    const turn = { ways, done };
    this.#running.add(turn);
    void done.then(() => this.#running.delete(turn));
    return result;
  }
}

function meet(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => areInTheWay(one, other)));
}
