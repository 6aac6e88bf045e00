import { folded } from "../platform/names.ts";
import type { Path } from "./errors.ts";
import { areInOneFolder } from "./same-folder.ts";

/** A path, as others are compared with it: see `Ways`. */
export interface Way {
  readonly name: string;
  /** The folders that it is in, the root among them. */
  readonly above: readonly string[];
}

/** Folders that are remembered. */
const MOST_FOLDERS = 16;

/** The folders that were asked for last: what follows is in one of them as a rule. */
const lately = new Map<string, readonly string[]>();

/**
 * What a path is compared by: the one spelling that every system which folds cases or forms of
 * characters takes it for. What HFS+ passes over in names besides is left in it: two that differ in
 * nothing else are not in each other's way.
 */
export function wayTo(path: Path): Way {
  return wayIn(aboveOf(path), path, folded(path.at(-1) ?? ""));
}

/** The same of several paths, of which many are in the folder of the one before. */
export function waysTo(paths: readonly Path[]): Way[] {
  let last: Path = [];
  let above: readonly string[] = [];
  // No letter is folded with a slash beside it, and all at once cost less than one after the other.
  const names = folded(paths.map((path) => path.at(-1) ?? "").join("/")).split("/");
  return paths.map((path, index) => {
    if (!areInOneFolder(path, last)) above = aboveOf(path);
    last = path;
    return wayIn(above, path, names[index] ?? "");
  });
}

function wayIn(above: readonly string[], path: Path, name: string): Way {
  if (path.length === 0) return { name: "/", above: [] };
  return { name: `${above[0] ?? "/"}${name}/`, above };
}

function aboveOf(path: Path): readonly string[] {
  const folder = path.slice(0, -1).join("/");
  let above = lately.get(folder);
  if (above === undefined) {
    above = foldersOf(folder);
    if (lately.size === MOST_FOLDERS) lately.clear();
    lately.set(folder, above);
  }
  return above;
}

/** A folder and those that it is in, the nearest first. */
function foldersOf(folder: string): string[] {
  if (folder === "") return ["/"];
  const way = `/${folded(folder)}/`;
  const above = [way];
  for (let end = way.length - 1; end > 0;) {
    end = way.lastIndexOf("/", end - 1);
    above.push(way.slice(0, end + 1));
  }
  return above;
}

/**
 * Paths that somebody works on. Two are in each other's way where a file system may take them for
 * one name, or one is a folder and the other something in it: such work has to be done one after the
 * other. Who is in the way is found in the same time however many there are.
 */
export class Ways<T extends NonNullable<unknown>> {
  readonly #names = new Owners<T>();
  readonly #above = new Owners<T>();

  /** Adds paths of one that works on them. */
  add(ways: readonly Way[], owner: T): void {
    for (const { name } of ways) this.#names.enter(name, owner);
    for (const folder of foldersAbove(ways)) this.#above.enter(folder, owner);
  }

  /** Removes all that one has added. */
  remove(ways: readonly Way[], owner: T): void {
    for (const { name } of ways) this.#names.leave(name, owner);
    for (const folder of foldersAbove(ways)) this.#above.leave(folder, owner);
  }

  /** Those that are in the way, some of them perhaps more than once. */
  inTheWayOf({ name, above }: Way): readonly T[] {
    const names = [name, ...above].flatMap((one) => this.#names.of(one));
    return [...names, ...this.#above.of(name)];
  }

  /** Whether anybody is. */
  blocks({ name, above }: Way): boolean {
    if (this.#names.has(name) || this.#above.has(name)) return true;
    return above.some((folder) => this.#names.has(folder));
  }
}

/** The folders that paths are in; those that several are in together mostly once. */
function* foldersAbove(ways: readonly Way[]): Generator<string> {
  for (const above of new Set(ways.map((way) => way.above))) yield* above;
}

/** Whose a name is: as a rule one's alone, and to make a set for that costs more than the rest. */
class Owners<T> {
  readonly #only = new Map<string, T>();
  #more: Map<string, Set<T>> | undefined;

  has(name: string): boolean {
    return this.#only.has(name);
  }

  of(name: string): readonly T[] {
    const only = this.#only.get(name);
    return only === undefined ? [] : [only, ...(this.#more?.get(name) ?? [])];
  }

  enter(name: string, owner: T): void {
    const only = this.#only.get(name);
    if (only === undefined) this.#only.set(name, owner);
    else if (only !== owner) {
      this.#more ??= new Map();
      const more = this.#more.get(name) ?? new Set();
      this.#more.set(name, more.add(owner));
    }
  }

  leave(name: string, owner: T): void {
    const more = this.#more?.get(name);
    const isOnly = this.#only.get(name) === owner;
    if (more === undefined) {
      if (isOnly) this.#only.delete(name);
      return;
    }
    const [next] = more;
    if (!isOnly) more.delete(owner);
    else if (next !== undefined) {
      this.#only.set(name, next);
      more.delete(next);
    }
    if (more.size === 0) this.#more?.delete(name);
  }
}
