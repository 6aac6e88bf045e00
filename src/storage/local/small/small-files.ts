import type { Path } from "../../errors.ts";
import type { Attributes, Source } from "../../storage.ts";
import { withFolder, type Folder } from "../folder.ts";
import type { Staging } from "../staging.ts";
import type { Turns } from "../../turns.ts";
import type { Twins } from "../twins.ts";
import type { NewFile } from "./calls.ts";
import { fileWorker } from "./file-worker.ts";
import { Gathering, type Errand } from "./gathering.ts";
import { SmallSource } from "./small-source.ts";

/** So many at a time are worth starting the thread for. */
const WORTH_A_THREAD = 8;

const WORKER = {
  ready: () => fileWorker.ready(),
  isWorth: (count: number) => fileWorker.isRunning || count >= WORTH_A_THREAD,
};

/** What the storage has to do with files. */
export interface SmallContext {
  readonly root: Folder;
  readonly staging: Staging;
  readonly twins: Twins;
  readonly turns: Turns;
}

interface Storing {
  readonly content: readonly Uint8Array[];
  readonly attributes: Attributes;
}

/**
 * The short way for many small files on a disk of this machine: whole files, many with one message
 * to a thread. It does what can be done without a question, and says so where there is one: then
 * nothing has happened, and the ordinary way finds out what it is.
 */
export class SmallFiles {
  readonly #context: SmallContext;
  /** The folder that was made last: what follows is in it as a rule. */
  #made: string | undefined;
  readonly #reading = new Gathering<undefined, Source>({
    ...WORKER,
    act: (parents, some) => this.#readAll(parents, some),
  });
  readonly #storing = new Gathering<Storing, true>({
    ...WORKER,
    act: (parents, some) => this.#storeAll(parents, some),
  });

  constructor(context: SmallContext) {
    this.#context = context;
  }

  /** Reads a file, if it is a small one. */
  read(path: Path): Promise<Source | undefined> {
    return this.#reading.add(path, undefined, 0);
  }

  /**
   * Stores a file.
   * @returns whether it is stored
   */
  async store(path: Path, storing: Storing): Promise<boolean> {
    const size = storing.content.reduce((sum, { length }) => sum + length, 0);
    return (await this.#storing.add(path, storing, size)) === true;
  }

  async #readAll(parents: Path, errands: readonly Errand<undefined, Source>[]): Promise<void> {
    const names = errands.map(({ path }) => path.at(-1) ?? "");
    const job = { root: this.#context.root.self, parents, names };
    const done = await fileWorker.read({ kind: "read", ...job });
    if (done === undefined) return;
    let from = 0;
    for (const [index, { path, resolve }] of errands.entries()) {
      const file = done.files[index];
      if (file === undefined) continue;
      resolve(new SmallSource(path, file, done.bytes.subarray(from, from + file.size)));
      from += file.size;
    }
  }

  async #storeAll(parents: Path, errands: readonly Errand<Storing, true>[]): Promise<void> {
    const { root, staging, turns, twins } = this.#context;
    const files = errands.map(({ path, what, weight }): NewFile => {
      const name = path.at(-1) ?? "";
      const replace = twins.isExact(path);
      return { name, size: weight, attributes: what.attributes, replace };
    });
    const bytes = joined(errands);
    const paths = errands.map(({ path }) => path);
    const [first = []] = paths;
    await this.#make(parents);
    await staging.lend(first, (staged) =>
      turns.run(paths, async () => {
        const job = { root: root.self, parents, staging: staged.self, files, bytes };
        const done = await fileWorker.store({ kind: "store", ...job });
        for (const [index, { resolve }] of errands.entries()) {
          resolve(done?.stored[index] === true ? true : undefined);
        }
      }),
    );
  }

  /** Makes a folder where it is missing, and judges those that are there, if need be. */
  async #make(parents: Path): Promise<void> {
    const { root, twins } = this.#context;
    const key = parents.join("/");
    const isJudged = parents.every((_, depth) => twins.isExact(parents.slice(0, depth + 1)));
    if (isJudged && this.#made === key) return;
    const judge = (parent: Folder, path: Path): Promise<void> => twins.check(parent, path);
    await withFolder(root, parents, { make: true, judge }, async () => undefined);
    this.#made = key;
  }
}

/** In memory of its own, which the thread is given. */
function joined(errands: readonly Errand<Storing, true>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(errands.reduce((sum, { weight }) => sum + weight, 0));
  let end = 0;
  for (const { what } of errands) {
    for (const piece of what.content) {
      bytes.set(piece, end);
      end += piece.length;
    }
  }
  return bytes;
}
