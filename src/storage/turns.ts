import type { Path } from "./errors.ts";
import { Ways, waysTo } from "./ways.ts";

/**
 * Has work on the same names, or on a folder and something in it, done one after the other; other
 * work does not wait for it.
 */
export class Turns {
  readonly #running = new Ways<Promise<unknown>>();

  /** @returns what `work` gives, once its turn has come */
  run<T>(paths: readonly Path[], work: () => Promise<T>): Promise<T> {
    const ways = waysTo(paths);
    const blocked = ways.filter((way) => this.#running.blocks(way));
    const before = new Set(blocked.flatMap((way) => this.#running.inTheWayOf(way)));
    const result = before.size === 0 ? work() : Promise.all(before).then(work);
    const done = result.catch(() => undefined);
    this.#running.add(ways, done);
    void done.then(() => this.#running.remove(ways, done));
    return result;
  }
}
