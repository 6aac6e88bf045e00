import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import { behind, type Names } from "./destination.ts";
import type { Pattern } from "../pattern.ts";
import type { Known } from "./same.ts";

/** Why a pattern fails that matches folders alone. */
export const ONLY_FOLDERS = "only folders match";

/** What a listing tells of an entry, on either side. */
export interface Listed {
  readonly path: Path;
  readonly type: "file" | "folder" | "refused";
  readonly size?: number;
  readonly mtime?: number;
  readonly reason?: string;
  /** Settles when the listing has come whole, where that may still be under way. */
  readonly whole?: Promise<void>;
}

/** Something that is to be moved. */
export interface Found {
  /** A `folder` is one that is to be there, not what it holds; `left-out` was not asked for. */
  readonly type: "file" | "folder" | "refused" | "left-out";
  /** On the side where it was found. */
  readonly path: Path;
  readonly names: Names;
  /** As the user is told of it. */
  readonly shown: string;
  /** What a listing told of it. */
  readonly known?: { readonly entry: Known } | undefined;
  /** Why it is refused. */
  readonly reason?: string | undefined;
  /** Settles when the listing that told of it has come whole. */
  readonly whole?: Promise<void> | undefined;
  /** To be called when nothing more is to be done with it. */
  readonly done?: () => void;
}

/**
 * A tree that was listed: its folder, and what is in it. A file that was listed is one alone. Here and
 * in all that hands on what was found, what came together stays together.
 */
export async function* treeOf(
  listing: AsyncIterable<readonly Listed[]>,
  path: Path,
  names: Names,
): AsyncGenerator<readonly Found[]> {
  let first = true;
  for await (const entries of listing) {
    const found: Found[] = [];
    for (const entry of entries) {
      const isFile = entry.type !== "folder" && entry.path.length === path.length;
      if (first && !isFile) found.push({ ...folderItself(path, names), whole: entry.whole });
      first = false;
      found.push(toFound(entry, behind(names, entry.path.slice(path.length))));
    }
    yield found;
  }
  if (first) yield [folderItself(path, names)];
}

/** A pattern that was typed. */
export interface Sought {
  readonly pattern: Pattern;
  readonly typed: string;
  /** What lists that side. */
  readonly lister: "LS" | "LLS";
}

/**
 * What of a listing a pattern matches, with what is in the folders that it matches where `recursive`
 * says so.
 * @param base what was listed
 * @param kept what the names keep of the base where no target was typed
 * @throws {CommandFailed} status 5, where nothing matches, or 6, where folders alone do that were
 * not asked for
 */
export async function* matchesOf(
  listing: AsyncIterable<readonly Listed[]>,
  { pattern, typed, lister }: Sought,
  base: Path,
  kept: Path,
  recursive: boolean,
): AsyncGenerator<readonly Found[]> {
  let matched = false;
  let onlyFolders = true;
  for await (const entries of listing) {
    const matching: Found[] = [];
    for (const entry of entries) {
      const path = entry.path.slice(base.length);
      const depth = matchedDepth(pattern, path, recursive);
      if (depth === 0) continue;
      const alone = [...kept, ...path];
      const within = pattern.keepsTree ? path : path.slice(depth - 1);
      const found = toFound(entry, { alone, within, renamed: within });
      const leftOut = found.type === "folder" && !recursive;
      matched = true;
      onlyFolders &&= leftOut;
      matching.push(leftOut ? { ...found, type: "left-out" } : found);
    }
    yield matching;
  }
  if (matched && onlyFolders) {
    const message = `Only folders match ${typed}: -r takes them`;
    throw new CommandFailed(Status.refused, message, ONLY_FOLDERS);
  }
  if (!matched) {
    throw new CommandFailed(
      Status.notFound,
      `Nothing matches ${typed}: ${lister} tells what there is, and quotes make a name of it`,
    );
  }
}

/** Whether a pattern matches a path, or with `recursive` a folder on the way to it. */
export function isMatched(pattern: Pattern, path: Path, recursive: boolean): boolean {
  return matchedDepth(pattern, path, recursive) > 0;
}

/** How many parts of a path a pattern matches: all, or those of a folder on the way. 0 if none. */
function matchedDepth(pattern: Pattern, path: Path, recursive: boolean): number {
  const first = recursive ? 1 : path.length;
  for (let depth = first; depth <= path.length; depth++) {
    if (pattern.matches(path.slice(0, depth))) return depth;
  }
  return 0;
}

/** A folder that was listed, without what is in it. */
export function folderItself(path: Path, names: Names): Found {
  return { type: "folder", path, names, shown: path.join("/") };
}

/** An entry of a listing as something that was found. */
export function toFound(listed: Listed, names: Names): Found {
  const { type, path, size = 0, mtime = 0, reason, whole } = listed;
  const known = type === "refused" ? undefined : { entry: { type, size, mtime } };
  return { type, path, names, shown: path.join("/"), known, reason, whole };
}
