import type { Path } from "../../storage/errors.ts";
import { folded } from "../../platform/names.ts";
import type { Listed } from "./found.ts";
import type { Known } from "./same.ts";

/** What is kept of an entry: a tree may have a million. */
export type Kept = Pick<Listed, "type" | "size" | "mtime" | "reason">;

/** What one side of a mirror holds, by the path behind the folder that is mirrored. */
export class Tree {
  readonly #entries = new Map<string, Kept>();
  /** Made when it is first asked for. */
  #spellings: Spellings | undefined;

  /** @param path behind the folder that is mirrored */
  add(path: Path, { type, size = 0, mtime = 0, reason = "refused" }: Listed): void {
    this.#entries.set(
      path.join("/"),
      type === "refused" ? { type, reason } : { type, size, mtime },
    );
    this.#spellings = undefined;
  }

  /** Whether there is something with a path, as it is spelt. */
  has(path: Path): boolean {
    return this.#entries.has(path.join("/"));
  }

  /**
   * The names that a disk may take for that of a path, and which there are; the same list for each.
   */
  spellingsOf(path: Path): string | readonly string[] {
    this.#spellings ??= new Spellings(this.#entries);
    return this.#spellings.of(path.join("/"));
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
    this.#spellings = undefined;
  }

  /** What has a path, and what is in it: what is in a folder before the folder. */
  *within(path: Path): Generator<{ readonly path: Path; readonly entry: Kept }> {
    const itself = path.join("/");
    const only = this.#entries.get(itself);
    if (only?.type === "file") {
      yield { path, entry: only };
      return;
    }
    const prefix = itself === "" ? "" : `${itself}/`;
    const byDepth: string[][] = [];
    for (const name of this.#entries.keys()) {
      if (name !== itself && !name.startsWith(prefix)) continue;
      (byDepth[name.split("/").length] ??= []).push(name);
    }
    for (const names of byDepth.toReversed()) {
      for (const name of names ?? []) {
        const entry = this.#entries.get(name);
        if (entry !== undefined) yield { path: name.split("/"), entry };
      }
    }
  }

  /** Whether a path, or a folder that it lies in, cannot be served, in any spelling. */
  isRefused(path: Path): boolean {
    const spellings = (this.#spellings ??= new Spellings(this.#entries));
    return path.some((_, depth) => spellings.isRefused(path.slice(0, depth + 1).join("/")));
  }
}

/**
 * The names of a tree by the spelling that all of them have where a disk takes them for one. The
 * other side may have a million that differ in nothing else: nobody goes through them for each.
 */
class Spellings {
  /** Without a list for a name that is alone: a tree may have a million of these as well. */
  readonly #names = new Map<string, string | string[]>();
  readonly #refused = new Set<string>();

  constructor(entries: ReadonlyMap<string, Kept>) {
    for (const [name, { type }] of entries) {
      const spelling = folded(name);
      if (type === "refused") this.#refused.add(spelling);
      const before = this.#names.get(spelling);
      if (before === undefined) this.#names.set(spelling, name);
      else if (typeof before === "string") this.#names.set(spelling, [before, name]);
      else before.push(name);
    }
  }

  of(name: string): string | readonly string[] {
    return this.#names.get(folded(name)) ?? [];
  }

  isRefused(name: string): boolean {
    return this.#refused.has(folded(name));
  }
}

/** What is to become of the entries of one side that the other lacks. */
export interface Extras {
  /** Their names, what is in a folder before the folder. */
  readonly remove: readonly string[];
  /** What has to stay, and why. */
  readonly keep: readonly { readonly path: Path; readonly reason: string }[];
}

/**
 * Finds what the source lacks. What cannot be removed stays, with the folders that it is in, and so
 * does whatever has the name of something that the source could not serve, or a name that differs
 * from one of the source's only in its spelling: unless the target has both, one may be the other.
 */
export function extrasOf(target: Tree, source: Tree): Extras {
  const remove: string[] = [];
  const keep: { path: Path; reason: string }[] = [];
  const staying = new Set<string>();
  const stay = (path: Path): void => {
    for (let depth = 1; depth < path.length; depth++) staying.add(path.slice(0, depth).join("/"));
  };
  const lacks = twinsThatLack(target, source);
  for (const { path, entry } of target.within([])) {
    if (source.has(path) && !source.isRefused(path)) {
      stay(path);
    } else if (source.isRefused(path)) {
      stay(path);
      // Of what is in a folder that cannot be served elsewhere only the folder is told.
      if (source.typeOf(path) === "refused") {
        keep.push({ path, reason: "what has its name on the other side cannot be served" });
      }
    } else if (lacks(path)) {
      stay(path);
      keep.push({ path, reason: "the other side has its name in another spelling" });
    } else if (entry.type === "refused") {
      stay(path);
      keep.push({ path, reason: entry.reason ?? "" });
    } else {
      const name = path.join("/");
      if (!staying.has(name)) remove.push(name);
    }
  }
  return { remove, keep };
}

/** Whether the source has a path in a spelling that the target lacks; each name is looked at once. */
function twinsThatLack(target: Tree, source: Tree): (path: Path) => boolean {
  const isLacking = (name: string): boolean => !target.has(name.split("/"));
  const known = new Map<readonly string[], boolean>();
  return (path) => {
    const names = source.spellingsOf(path);
    if (typeof names === "string") return isLacking(names);
    const lacking = known.get(names) ?? names.some(isLacking);
    if (names.length > 0) known.set(names, lacking);
    return lacking;
  };
}
