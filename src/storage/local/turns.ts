import type { Path } from "../errors.ts";
import { folded } from "../../platform/names.ts";

interface Turn {
  readonly keys: readonly string[];
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
    const keys = paths.map(keyOf);
    const before = [...this.#running].filter((turn) => meet(turn.keys, keys));
    const result = Promise.all(before.map(({ done }) => done)).then(work);
    const done = result.catch(() => undefined);
    const turn = { keys, done };
    this.#running.add(turn);
    void done.then(() => this.#running.delete(turn));
    return result;
  }
}

/** Names that a file system may take for one have one turn. */
function keyOf(path: Path): string {
  return `${folded(path.join("/"))}/`;
}

function meet(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => one.startsWith(other) || other.startsWith(one)));
}
