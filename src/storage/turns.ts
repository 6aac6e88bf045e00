import type { Path } from "./errors.ts";
import { Ways, waysTo, type Way } from "./ways.ts";

type Running = Ways<Promise<unknown>>;

/**
 * Has work on the same names, or on a folder and something in it, done one after the other; other
 * work does not wait for it.
 */
export class Turns {
  readonly #onNames: Running = new Ways();
  readonly #inFolders: Running = new Ways();

  /** @returns what `work` gives, once its turn has come */
  run<T>(paths: readonly Path[], work: () => Promise<T>): Promise<T> {
    return begin(waysTo(paths), this.#onNames, [this.#onNames, this.#inFolders], work);
  }

  /**
   * The same for work on whatever is in some folders, which costs less than to say on which names.
   * It does not wait for other work that is begun so: that has to be in each other's way nowhere.
   */
  runIn<T>(folders: readonly Path[], work: () => Promise<T>): Promise<T> {
    return begin(waysTo(folders), this.#inFolders, [this.#onNames], work);
  }
}

/**
 * @param own where it is entered
 * @param others whose work it waits for, where that is in the way
 */
function begin<T>(
  ways: readonly Way[],
  own: Running,
  others: readonly Running[],
  work: () => Promise<T>,
): Promise<T> {
  const before = new Set(
    others.flatMap((running) => {
      const blocked = ways.filter((way) => running.blocks(way));
      return blocked.flatMap((way) => running.inTheWayOf(way));
    }),
  );
  const result = before.size === 0 ? work() : Promise.all(before).then(work);
  const done = result.catch(() => undefined);
  own.add(ways, done);
  void done.then(() => own.remove(ways, done));
  return result;
}
