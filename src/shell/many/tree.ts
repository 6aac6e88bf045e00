import type { Path } from "../../storage/errors.ts";
import { folded } from "../../platform/names.ts";
import type { Listed } from "./found.ts";
import type { Known } from "./same.ts";

/** What one side of a mirror holds, by the path behind the folder that is mirrored. */
export class Tree {
  readonly #entries = new Map<string, Listed>();
  /**
   * The names that a disk may take for one, by the spelling that all of them have there. Made when
   * it is first asked for, and without a list for a name that is alone: a tree may have a million.
   */
  #spellings: Map<string, string | readonly string[]> | undefined;

  /** @param path behind the folder that is mirrored */
  add(path: Path, entry: Listed): void {
    const name = path.join("/");
    this.#entries.set(name, entry);
    if (this.#spellings !== undefined) addSpelling(this.#spellings, name);
  }

  /** Whether there is something with a path, as it is spelt. */
  has(path: Path): boolean {
    return this.#entries.has(path.join("/"));
  }

  /** The other spellings of a path that there are, which some disks take for the same name. */
  twinsOf(path: Path): readonly Path[] {
    const name = path.join("/");
    if (this.#spellings === undefined) {
      this.#spellings = new Map();
      for (const known of this.#entries.keys()) addSpelling(this.#spellings, known);
    }
    const spellings = [this.#spellings.get(folded(name)) ?? []].flat();
    return spellings.filter((other) => other !== name).map((other) => other.split("/"));
  }

  /** What is known of a path; something that is refused is to be looked at again. */
  known(path: Path): { readonly entry: Known } {
    const entry = this.#entries.get(path.join("/"));
    if (entry === undefined || entry.type === "refused") return { entry: undefined };
    const { type, size = 0, mtime = 0 } = entry;
    return { entry: { type, size, mtime } };
  }

  /** The type of what has a path. */
  typeOf(path: Path): Listed["type"] | undefined {
    return this.#entries.get(path.join("/"))?.type;
  }

  /** Forgets what has a path, but not what is in it. */
  forget(path: Path): void {
    this.#entries.delete(path.join("/"));
  }

  /** What has a path, and what is in it: what is in a folder before the folder. */
  within(path: Path): { readonly path: Path; readonly entry: Listed }[] {
    const itself = path.join("/");
    const only = this.#entries.get(itself);
    if (only?.type === "file") return [{ path, entry: only }];
    const prefix = itself === "" ? "" : `${itself}/`;
    const found: { path: Path; entry: Listed }[] = [];
    for (const [name, entry] of this.#entries) {
      if (name !== itself && !name.startsWith(prefix)) continue;
      found.push({ path: name.split("/"), entry });
    }
    return found.toSorted((a, b) => b.path.length - a.path.length);
  }

  /** Whether a path, or a folder that it lies in, cannot be served, in any spelling. */
  isRefused(path: Path): boolean {
    return path.some((_, depth) => {
      const above = path.slice(0, depth + 1);
      return [above, ...this.twinsOf(above)].some((each) => this.typeOf(each) === "refused");
    });
  }
}

function addSpelling(spellings: Map<string, string | readonly string[]>, name: string): void {
  const spelling = folded(name);
  const before = spellings.get(spelling);
  if (before === undefined) spellings.set(spelling, name);
  else if (![before].flat().includes(name)) spellings.set(spelling, [before, name].flat());
}

/** What is to become of the entries of one side that the other lacks. */
export interface Extras {
  /** What is in a folder before the folder. */
  readonly remove: readonly Path[];
  /** What has to stay, and why. */
  readonly keep: readonly { readonly path: Path; readonly reason: string }[];
}

/**
 * Finds what the source lacks. What cannot be removed stays, with the folders that it is in, and so
 * does whatever has the name of something that the source could not serve, or a name that differs
 * from one of the source's only in its spelling: unless the target has both, one may be the other.
 */
export function extrasOf(target: Tree, source: Tree): Extras {
  const remove: Path[] = [];
  const keep: { path: Path; reason: string }[] = [];
  const staying = new Set<string>();
  const stay = (path: Path): void => {
    for (let depth = 1; depth < path.length; depth++) staying.add(path.slice(0, depth).join("/"));
  };
  for (const { path, entry } of target.within([])) {
    if (source.has(path) && !source.isRefused(path)) {
      stay(path);
    } else if (source.isRefused(path)) {
      stay(path);
      // Of what is in a folder that cannot be served elsewhere only the folder is told.
      if (source.typeOf(path) === "refused") {
        keep.push({ path, reason: "what has its name on the other side cannot be served" });
      }
    } else if (source.twinsOf(path).some((twin) => !target.has(twin))) {
      stay(path);
      keep.push({ path, reason: "the other side has its name in another spelling" });
    } else if (entry.type === "refused") {
      stay(path);
      keep.push({ path, reason: entry.reason ?? "refused" });
    } else if (!staying.has(path.join("/"))) {
      remove.push(path);
    }
  }
  return { remove, keep };
}
