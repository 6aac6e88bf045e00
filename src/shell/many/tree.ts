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
    const number = this.find(path.join("/"));
    const entry = number === undefined ? undefined : this.entry(number);
    if (entry === undefined || entry.type === "refused") return { entry: undefined };
    const { type, size = 0, mtime = 0 } = entry;
    return { entry: { type, size, mtime } };
  }

  /** The type of what has a path. */
  typeOf(path: Path): Type | undefined {
    const number = this.find(path.join("/"));
    return number === undefined ? undefined : TYPES[this.#types.get(number)];
  }

  /** Forgets what has a path, but not what is in it. */
  forget(path: Path): void {
    const number = this.find(path.join("/"));
    if (number !== undefined) this.#types.set(number, 0);
  }

  /** What has a path, and what is in it: what is in a folder before the folder. */
  *within(path: Path): Generator<{ readonly path: Path; readonly entry: Kept }> {
    for (const number of this.deepestFirst(path.join("/"))) {
      const entry = this.entry(number);
      if (entry !== undefined) yield { path: this.pathOf(number).split("/"), entry };
    }
  }

  /** The numbers of what has a path, and of what is in it, in that order. */
  deepestFirst(path: string): Uint32Array {
    const itself = this.find(path);
    if (itself !== undefined && TYPES[this.#types.get(itself)] === "file") {
      return Uint32Array.of(itself);
    }
    const prefix = path === "" ? "" : `${path}/`;
    // Of each depth how many, and then where they begin.
    const counts: number[] = [];
    const depths = new Uint32Array(this.size);
    for (let number = 0; number < this.size; number++) {
      passedEntry();
      if (this.#types.get(number) === 0) continue;
      const name = this.pathOf(number);
      if (name !== path && !name.startsWith(prefix)) continue;
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

/** How many parts a path has. */
function depthOf(path: string): number {
  let depth = 1;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) depth++;
  return depth;
}
