import { isAscii } from "../../../platform/names.ts";
import type { Path } from "../../errors.ts";
import type { Entry } from "../../storage.ts";
import { ListedNames, namesOf } from "../listed-names.ts";
import { EXECUTABLE, FOLDER, UNUSUAL, type ListDone } from "./jobs.ts";

/** Makes entries of what the thread has listed, task by task. */
export class ListedMany {
  readonly #done: ListDone;
  /** Whether all names are ASCII, which costs less to find out than of each. */
  readonly #isPlain: boolean;
  readonly #names: readonly string[];
  /** How many entries were taken. */
  #place = 0;

  constructor(done: ListDone) {
    this.#done = done;
    this.#names = namesOf(done.names);
    this.#isPlain = isAscii(done.names);
  }

  /**
   * The next entries, all of one folder.
   * @param count as the task's outcome says
   * @returns also the names of those that are left to the ordinary way, each with a `/` behind it
   */
  take(folder: Path, count: number): { readonly entries: Entry[]; readonly unusual: string } {
    const { kinds, sizes, mtimes } = this.#done;
    const judge = new ListedNames(folder);
    const entries: Entry[] = [];
    let unusual = "";
    for (const end = this.#place + count; this.#place < end; this.#place++) {
      const name = this.#names[this.#place] ?? "";
      const judged = judge.judge(name, this.#isPlain || undefined);
      if (judged === undefined) continue;
      const kind = kinds[this.#place];
      if ("reason" in judged) entries.push(judged);
      else if (kind === UNUSUAL) unusual += `${name}/`;
      else {
        entries.push({
          path: judged.path,
          type: kind === FOLDER ? "folder" : "file",
          size: sizes[this.#place] ?? 0,
          mtime: mtimes[this.#place] ?? 0,
          exec: kind === EXECUTABLE,
        });
      }
    }
    return { entries, unusual };
  }
}
