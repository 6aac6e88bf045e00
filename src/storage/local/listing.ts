import { StorageError, type Path } from "../errors.ts";
import { MAX_LISTED_DEPTH } from "../names.ts";
import type { Entry } from "../storage.ts";
import { fromSystem } from "./errno.ts";
import type { Folder } from "./folder.ts";
import { cut, refused } from "./listed-names.ts";
import { lookAt, readNames, whyNot } from "./look.ts";
import { fileWorker } from "./small/file-worker.ts";
import { MOST_LISTED, VERY_MANY, type ListDone } from "./small/jobs.ts";
import { ListedMany } from "./small/listed-many.ts";

/**
 * Entries that are looked at together in the ordinary way. So many that were found, or folders that
 * wait, are worth the thread, whose start takes some milliseconds and megabytes.
 */
const BATCH = 64;
/** Folders that the thread is given at once. */
const MOST_FOLDERS = 64;

/**
 * Lists what a folder holds; with `recursive`, what its folders hold as well. Gives some entries at
 * a time.
 */
export async function* listFolder(
  root: Folder,
  path: Path,
  recursive: boolean,
): AsyncGenerator<readonly Entry[]> {
  const walk = new Walk(root, path, recursive);
  for (let some = await walk.next(); some !== undefined; some = await walk.next()) {
    if (some.length > 0) yield some;
  }
}

/** A folder that is still to be listed, or some names in it. */
interface Pending {
  readonly path: Path;
  /** What was read of it and is still to be looked at, as `textOf` has it. */
  readonly names?: string;
  /** Why it is for the ordinary way: its entries are unusual, or the thread could not do it. */
  readonly ordinary?: "unusual" | "left";
}

/** What the thread was asked for. */
interface Ahead {
  readonly tasks: readonly Pending[];
  readonly done: Promise<ListDone | undefined>;
}

/**
 * A listing on its way through a tree. What can be done by the thread is, one step ahead of whoever
 * uses it: an asynchronous call for each entry took ten times as much as the call itself.
 */
class Walk {
  readonly #root: Folder;
  readonly #path: Path;
  readonly #recursive: boolean;
  readonly #pending: Pending[];
  #found = 0;
  /** Until it turns out not to do what can be done. */
  #threadHelps = true;
  #ahead: Ahead | undefined;

  constructor(root: Folder, path: Path, recursive: boolean) {
    this.#root = root;
    this.#path = path;
    this.#recursive = recursive;
    this.#pending = [{ path }];
  }

  /**
   * Some more entries; `undefined` behind the last.
   * @throws {StorageError} where the folder itself cannot be listed
   */
  async next(): Promise<readonly Entry[] | undefined> {
    const ahead = this.#ahead ?? this.#begin();
    this.#ahead = undefined;
    if (ahead !== undefined) {
      const entries = this.#take(ahead.tasks, await ahead.done);
      this.#ahead = this.#begin();
      return entries;
    }
    const pending = this.#pending.pop();
    if (pending === undefined) return undefined;
    try {
      return await this.#ordinarily(pending);
    } catch (error) {
      const failure = fromSystem(error, pending.path);
      if (pending.path === this.#path || !(failure instanceof StorageError)) throw failure;
      // A folder that vanished or cannot be read must not hide the rest of the tree.
      return [refused(pending.path, whyNot(failure))];
    }
  }

  async #ordinarily(pending: Pending): Promise<readonly Entry[]> {
    const { path, names: known, ordinary } = pending;
    const names = known ?? (await readNames(this.#root, path));
    if (ordinary === "left") this.#threadHelps = false;
    if (known === undefined) {
      this.#pending.push({ path, names });
      return [];
    }
    const [some, rest] = cut(names, BATCH);
    const entries = await lookAt(this.#root, path, some);
    if (rest !== "") this.#pending.push({ ...pending, names: rest });
    return this.#passed(entries);
  }

  /** Gives the thread what is next; `undefined` where that is for the ordinary way. */
  #begin(): Ahead | undefined {
    const next = this.#pending.at(-1);
    const known = this.#found + this.#pending.length;
    if (!this.#threadHelps || next === undefined) return undefined;
    if (known < BATCH && (next.names === undefined || cut(next.names, BATCH)[1] === "")) {
      return undefined;
    }
    const tasks: Pending[] = [];
    for (let task = this.#pending.pop(); task !== undefined; task = this.#pending.pop()) {
      if (task.ordinary !== undefined || tasks.length === MOST_FOLDERS) {
        this.#pending.push(task);
        break;
      }
      const [names, rest] = cut(task.names ?? "", MOST_LISTED);
      if (rest !== "") this.#pending.push({ ...task, names: rest });
      tasks.push(task.names === undefined ? task : { ...task, names });
      if (task.names !== undefined) break;
    }
    if (tasks.length === 0) return undefined;
    const job = { root: this.#root.self, tasks };
    return { tasks, done: fileWorker.list({ kind: "list", ...job }) };
  }

  /** What the thread has found; what it has left becomes pending again. */
  #take(tasks: readonly Pending[], done: ListDone | undefined): readonly Entry[] {
    const listed = done && new ListedMany(done);
    const all: Entry[] = [];
    for (const [index, task] of tasks.entries()) {
      const outcome = done?.outcomes[index];
      const { path } = task;
      if (listed !== undefined && typeof outcome === "number" && outcome !== VERY_MANY) {
        const { entries, unusual } = listed.take(path, outcome);
        for (const entry of this.#passed(entries)) all.push(entry);
        if (unusual !== "") this.#pending.push({ path, names: unusual, ordinary: "unusual" });
      } else if (typeof outcome === "string") this.#pending.push({ path, names: outcome });
      else if (outcome === VERY_MANY) this.#pending.push({ path, ordinary: "unusual" });
      else if (done === undefined || index < done.outcomes.length) {
        this.#pending.push({ ...task, ordinary: "left" });
      } else this.#pending.push(task);
    }
    return all;
  }

  /** Notes the folders that are to be listed as well. */
  #passed(entries: readonly Entry[]): readonly Entry[] {
    this.#found += entries.length;
    if (!this.#recursive) return entries;
    return entries.map((entry) => {
      if (entry.type !== "folder") return entry;
      if (entry.path.length - this.#path.length > MAX_LISTED_DEPTH) {
        return refused(entry.path, `more than ${MAX_LISTED_DEPTH} folders deep`);
      }
      this.#pending.push({ path: entry.path });
      return entry;
    });
  }
}
