import { folded } from "../platform/names.ts";
import type { Path } from "./errors.ts";

/** A path, as others are compared with it: see `Ways`. */
export interface Way {
  readonly name: string;
  /** The folders that it is in, the root among them. */
  readonly above: readonly string[];
}

/** The folder that was asked for last: what follows is in it as a rule. */
let last: { readonly folder: string; readonly above: readonly string[] } = {
  folder: "",
  above: ["/"],
};

/** What a path is compared by: the one spelling that every system which folds names takes it for. */
export function wayTo(path: Path): Way {
  const name = path.at(-1);
  if (name === undefined) return { name: "/", above: [] };
  const folder = path.slice(0, -1).join("/");
  if (folder !== last.folder) last = { folder, above: foldersOf(folder) };
  return { name: `${last.above[0] ?? "/"}${folded(name)}/`, above: last.above };
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
export class Ways<T> {
  readonly #names = new Map<string, Set<T>>();
  readonly #above = new Map<string, Set<T>>();

  add({ name, above }: Way, owner: T): void {
    enter(this.#names, name, owner);
    for (const folder of above) enter(this.#above, folder, owner);
  }

  remove({ name, above }: Way, owner: T): void {
    leave(this.#names, name, owner);
    for (const folder of above) leave(this.#above, folder, owner);
  }

  /** Those that are in the way, some of them perhaps more than once. */
  *inTheWayOf({ name, above }: Way): Generator<T> {
    yield* this.#names.get(name) ?? [];
    yield* this.#above.get(name) ?? [];
    for (const folder of above) yield* this.#names.get(folder) ?? [];
  }

  /** Whether anybody is. */
  blocks({ name, above }: Way): boolean {
    if (this.#names.has(name) || this.#above.has(name)) return true;
    return above.some((folder) => this.#names.has(folder));
  }
}

function enter<T>(map: Map<string, Set<T>>, key: string, owner: T): void {
  const owners = map.get(key);
  if (owners === undefined) map.set(key, new Set([owner]));
  else owners.add(owner);
}

function leave<T>(map: Map<string, Set<T>>, key: string, owner: T): void {
  const owners = map.get(key);
  owners?.delete(owner);
  if (owners?.size === 0) map.delete(key);
}
