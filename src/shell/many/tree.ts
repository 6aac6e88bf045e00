import { passedEntry } from "../../client/litter.ts";
import type { Path } from "../../storage/errors.ts";
import { Column } from "./column.ts";
import type { Listed } from "./found.ts";
import { PackedPaths } from "./packed-paths.ts";
import { PackedTexts } from "./packed-texts.ts";
import type { Known } from "./same.ts";

/** What is kept of an entry. */
export type Kept = Pick<Listed, "type" | "size" | "mtime" | "reason">;

type Type = Listed["type"];

/** As they are kept, a byte each; 0 for what was forgotten. */
const TYPES: readonly (Type | undefined)[] = [undefined, "file", "folder", "refused"];

/**
 * What one side of a mirror holds, by the path behind the folder that is mirrored. A tree may have a
 * million entries: they are kept in columns, and an object is made of one where it is asked for.
 */
export class Tree {
  readonly #paths = new PackedPaths();
  readonly #reasons = new PackedTexts();
  readonly #types = new Column(Uint8Array);
  /** In bytes; of what is refused, which reason. */
  readonly #sizes = new Column(Float64Array);
  readonly #mtimes = new Column(Float64Array);

  /** Entries have numbers below this one. */
  get size(): number {
    return this.#paths.size;
  }

  /** @param path behind the folder that is mirrored */
  add(path: Path, { type, size = 0, mtime = 0, reason = "refused" }: Listed): void {
    const number = this.#paths.add(path.join("/"));
    this.#types.set(number, TYPES.indexOf(type));
    this.#sizes.set(number, type === "refused" ? this.#reasons.add(0, reason) : size);
    this.#mtimes.set(number, mtime);
  }

  /** The number of what has a path, as it is spelt. */
  find(path: string): number | undefined {
    const number = this.#paths.find(path);
    return number === undefined || this.#types.get(number) === 0 ? undefined : number;
  }

  /** The path of the entry with a number. */
  pathOf(number: number): string {
    return this.#paths.at(number);
  }

  /** What is known of the entry with a number; `undefined` where it was forgotten. */
  entry(number: number): Kept | undefined {
    const type = TYPES[this.#types.get(number)];
    const size = this.#sizes.get(number);
    if (type === undefined) return undefined;
    if (type === "refused") return { type, reason: this.#reasons.at(size).text };
    return { type, size, mtime: this.#mtimes.get(number) };
  }

  /** What is known of a path; something that is refused is to be looked at again. */
  known(path: Path): { readonly entry: Known } {
    return this.knownAs(path.join("/"));
  }

  /** The same of a path that is spelt out. */
  knownAs(name: string): { readonly entry: Known } {
    const number = this.find(name);
    const entry = number === undefined ? undefined : this.entry(number);
    if (entry === undefined || entry.type === "refused") return { entry: undefined };
    const { type, size = 0, mtime = 0 } = entry;
    return { entry: { type, size, mtime } };
  }

  /** The type of what has a path. */
  typeOf(path: Path): Type | undefined {
    return this.#typeAt(path.join("/"));
  }

  #typeAt(path: string): Type | undefined {
    const number = this.find(path);
    return number === undefined ? undefined : TYPES[this.#types.get(number)];
  }

  /** Forgets what has a path, but not what is in it. */
  forget(path: Path): void {
    const number = this.find(path.join("/"));
    if (number !== undefined) this.#types.set(number, 0);
  }

  /** The numbers of all, what is in a folder before the folder. */
  deepestFirst(): Uint32Array {
    return this.#deepestFirst(() => true);
  }

  /**
   * The numbers of what has a path, and of what is in it, in that order, for each of some paths; what
   * several have belongs to the first. All is gone through once, however many paths there are.
   */
  withinEach(paths: readonly string[]): Uint32Array[] {
    if (paths.length === 0) return [];
    const owners = new Owners(paths, (path) => this.#typeAt(path) !== "file");
    /** Of each number the place of its path among those, and one more. */
    const owned = new Uint32Array(this.size);
    const groups = paths.map(() => 0);
    const order = this.#deepestFirst((number, name) => {
      const owner = owners.of(name);
      if (owner === undefined) return false;
      owned[number] = owner + 1;
      groups[owner] = (groups[owner] ?? 0) + 1;
      return true;
    });
    const found = groups.map((count) => new Uint32Array(count));
    for (const number of order.toReversed()) {
      const owner = (owned[number] ?? 0) - 1;
      const left = (groups[owner] ?? 0) - 1;
      groups[owner] = left;
      const group = found[owner];
      if (group !== undefined) group[left] = number;
    }
    return found;
  }

  /** The numbers of what is wanted, what is in a folder before the folder. */
  #deepestFirst(isWanted: (number: number, name: string) => boolean): Uint32Array {
    // Of each depth how many, and then where they begin.
    const counts: number[] = [];
    const depths = new Uint32Array(this.size);
    for (let number = 0; number < this.size; number++) {
      passedEntry();
      if (this.#types.get(number) === 0) continue;
      const name = this.pathOf(number);
      if (!isWanted(number, name)) continue;
      const depth = depthOf(name);
      depths[number] = depth;
      counts[depth] = (counts[depth] ?? 0) + 1;
    }
    const begins: number[] = [];
    let taken = 0;
    for (let depth = counts.length - 1; depth > 0; depth--) {
      begins[depth] = taken;
      taken += counts[depth] ?? 0;
    }
    const order = new Uint32Array(taken);
    for (const [number, depth] of depths.entries()) {
      if (depth === 0) continue;
      const at = begins[depth] ?? 0;
      order[at] = number;
      begins[depth] = at + 1;
    }
    return order;
  }
}

/** Which of some paths a name belongs to: the first that it has, or that it lies in. */
class Owners {
  readonly #places = new Map<string, number>();
  readonly #isFolder: (path: string) => boolean;
  /** The folder that was asked for last: what is listed lies together. */
  #last: { readonly folder: string; readonly owner: number | undefined } | undefined;

  constructor(paths: readonly string[], isFolder: (path: string) => boolean) {
    for (const [place, path] of paths.entries()) this.#places.set(path, place);
    this.#isFolder = isFolder;
  }

  /** Its place among the paths. */
  of(name: string): number | undefined {
    const itself = this.#places.get(name);
    const folder = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    if (this.#last?.folder !== folder) this.#last = { folder, owner: this.#ofFolder(folder) };
    const { owner } = this.#last;
    return itself !== undefined && (owner === undefined || itself < owner) ? itself : owner;
  }

  #ofFolder(folder: string): number | undefined {
    let owner: number | undefined;
    for (let end = folder.indexOf("/"); ; end = folder.indexOf("/", end + 1)) {
      const path = end === -1 ? folder : folder.slice(0, end);
      const place = this.#places.get(path);
      // Nothing is in a file, whatever a listing says.
      const isOwner = place !== undefined && (owner === undefined || place < owner);
      if (isOwner && this.#isFolder(path)) owner = place;
      if (end === -1) return owner;
    }
  }
}

/** How many parts a path has. */
function depthOf(path: string): number {
  let depth = 1;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) depth++;
  return depth;
}
