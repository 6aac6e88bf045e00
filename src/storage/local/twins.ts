import { lstat, readdir } from "node:fs/promises";
import { isAscii, otherSpellings } from "../../platform/names.ts";
import { StorageError, type Path } from "../errors.ts";
import type { Folder } from "./folder.ts";

/** The entries of one folder, as its file system tells of them. */
export interface Entries {
  /** Whether a name leads to something. */
  has(name: string): Promise<boolean>;
  /** Every name as it is written there. */
  names(): Promise<readonly string[]>;
}

/** Folders that are known to tell cases apart, before they are asked again. */
const MOST_KNOWN = 1000;

/**
 * Some file systems take `README` and `readme`, or a letter composed and decomposed, for one name:
 * what is made under one of them must never take the place of what has the other.
 */
export class Twins {
  /** Folders that tell cases apart. */
  readonly #exact = new Set<string>();

  /**
   * Judges a name that something is to be made under, or in, and that leads to something already.
   * @param isNew whether that is a folder which was made just now
   * @throws {StorageError} `exists`, where that has another name
   */
  async check(folder: Folder, path: Path, isNew = false): Promise<void> {
    await this.#judge(folder, path);
    // Where a file system lets each folder choose, a new one begins as the one that holds it.
    if (isNew && this.isExact(path)) this.#add(path.join("/"));
  }

  async #judge(folder: Folder, path: Path): Promise<void> {
    if (this.isExact(path)) return;
    const name = path.at(-1) ?? "";
    const kinship = await kinshipOf(entriesOf(folder), name);
    if (kinship === "twin") {
      throw new StorageError(
        "exists",
        path,
        (shown) => `${shown} is there in another spelling, which is the same name on this disk`,
      );
    }
    if (isAscii(name) && kinship === "exact") this.#add(parentOf(path));
  }

  #add(folder: string): void {
    if (this.#exact.size === MOST_KNOWN) this.#exact.clear();
    this.#exact.add(folder);
  }

  /** Whether a name is known to lead to nothing of another name. */
  isExact(path: Path): boolean {
    // A folder does not change in this; only letters beyond ASCII have more than two spellings.
    return isAscii(path.at(-1) ?? "") && this.#exact.has(parentOf(path));
  }

  /** Whether a name in a folder is, as `isExact` says of its path. */
  exactIn(folder: Path): (name: string) => boolean {
    const isKnown = this.#exact.has(folder.join("/"));
    return (name) => isKnown && isAscii(name);
  }

  /** Whether each name of a path is known to lead to nothing of another name, whoever moves what. */
  areExact(path: Path): boolean {
    return path.every((name, depth) => {
      const hasOneSpelling = isAscii(name) && otherSpellings(name).length === 0;
      return hasOneSpelling || this.isExact(path.slice(0, depth + 1));
    });
  }
}

/**
 * What a name is to the entry that it leads to:
 * - `exact`: its own, and the folder tells cases apart
 * - `own`: its own, as far as can be told
 * - `twin`: another spelling of it
 */
export async function kinshipOf(entries: Entries, name: string): Promise<"exact" | "own" | "twin"> {
  const others = otherSpellings(name);
  if (others.length === 0 || !(await entries.has(name))) return "own";
  for (const other of others) {
    if (!(await entries.has(other))) continue;
    const names = await entries.names();
    if (!names.includes(name)) return "twin";
    if (!names.includes(other)) return "own";
  }
  // Otherwise it may have gone while the others were looked for.
  return (await entries.has(name)) ? "exact" : "own";
}

function parentOf(path: Path): string {
  return path.slice(0, -1).join("/");
}

function entriesOf(folder: Folder): Entries {
  return {
    has: (name) =>
      lstat(folder.entry(name)).then(
        () => true,
        () => false,
      ),
    names: () => readdir(folder.self),
  };
}
