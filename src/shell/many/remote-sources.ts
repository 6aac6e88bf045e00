import { Interrupted, Refused } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import { listRemote, type RemoteEntry } from "../../client/listing.ts";
import { encodeText } from "../../protocol/text.ts";
import type { Path } from "../../storage/errors.ts";
import { byName } from "./by-name.ts";
import { baseNamesOf, namesOf } from "./destination.ts";
import { matchesOf, treeOf, type Found, type Listed } from "./found.ts";
import type { PackedPaths } from "./packed-paths.ts";
import { Told } from "./told.ts";
import type { Word } from "../parse.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import { parseRemotePath } from "../remote-path.ts";

/** Where and how to look for what was typed. */
export interface Lookup {
  /** What names are relative to. */
  readonly folder: Path;
  /** Take folders, with all that is in them. */
  readonly recursive: boolean;
  /** Give all by name, as a pattern's matches are always; long listings as they come. */
  readonly byName: boolean;
  readonly signal: AbortSignal;
}

/**
 * What a word stands for on the server, as it is found.
 * @throws {CommandFailed} status 5, where a pattern matches nothing
 */
export async function* findRemote(
  link: Link,
  word: Word,
  { folder, recursive, byName: isByName, signal }: Lookup,
): AsyncGenerator<readonly Found[]> {
  if (isPattern(word)) {
    const pattern = compilePattern(word.text);
    const base = parseRemotePath(pattern.base, folder);
    const kept = baseNamesOf(pattern.base, false);
    const listing = listPaths(link, base, recursive || pattern.deep, signal);
    const sought = { pattern, typed: word.text, lister: "LS" } as const;
    yield* matchesOf(byName(listing), sought, base, kept, recursive);
    return;
  }
  const path = parseRemotePath(word.text, folder);
  const names = namesOf(word.text, path, false);
  if (recursive) {
    const listing = listPaths(link, path, true, signal);
    yield* treeOf(isByName ? byName(listing) : listing, path, names);
  } else yield [{ type: "file", path, names, shown: path.join("/") }];
}

/** A listing of what can only be a folder, which says so where nothing is there. */
export async function* asFolder<T>(path: Path, listing: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* listing;
  } catch (error) {
    if (!(error instanceof Refused) || error.word !== "not-found") throw error;
    throw new Refused(error.code, error.word, `There is no folder ${encodeText(path.join("/"))}`);
  }
}

/**
 * Takes in what a folder of the server holds, or a file alone.
 * @param take is given each entry
 * @returns whether anything is there
 * @throws {CommandFailed}
 */
export async function takeListing(
  link: Link,
  { path, recursive }: { readonly path: Path; readonly recursive: boolean },
  signal: AbortSignal,
  take: (entry: Listed) => void,
): Promise<boolean> {
  try {
    for await (const entry of listAll(link, path, recursive, signal)) {
      // A connection that was made anew knows nothing of a signal that came before.
      if (signal.aborted) throw new Interrupted();
      take(entry);
    }
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === 550) return false;
    throw error;
  }
}

/** One entry after the other of what `listTogether` gives. */
export async function* listAll(
  link: Link,
  path: Path,
  recursive: boolean,
  signal: AbortSignal,
): AsyncGenerator<Listed> {
  for await (const entries of listPaths(link, path, recursive, signal)) yield* entries;
}

async function* listPaths(
  link: Link,
  path: Path,
  recursive: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly Listed[]> {
  for await (const { entries, whole } of listTogether(link, path, recursive, signal)) {
    const some: Listed[] = [];
    for (const entry of entries) some.push({ ...entry, path: entry.path.split("/"), whole });
    yield some;
  }
}

/** Entries of a listing that came together. */
export interface ListedTogether {
  readonly entries: readonly RemoteEntry[];
  /** Settles when the listing has come whole. */
  readonly whole: Promise<void>;
}

/**
 * Lists over as many connections as it takes: what an earlier one has told of already is not told
 * again. What is refused is: a folder that was listed may turn out to be one that cannot be read.
 */
export async function* listTogether(
  link: Link,
  path: Path,
  recursive: boolean,
  signal: AbortSignal,
): AsyncGenerator<ListedTogether> {
  const told = new Told();
  let before: PackedPaths | undefined;
  for (;;) {
    const attempt = link.begin();
    // What has come whole needs no second try: nothing has to be remembered of it any more.
    let isWhole = false;
    const whole = Promise.withResolvers<void>();
    const onWhole = (): void => {
      isWhole = true;
      whole.resolve();
      told.clear();
    };
    try {
      const options = { recursive, signal, onWhole };
      for await (const came of listRemote(attempt.session, path, options)) {
        const isNew = (entry: RemoteEntry): boolean =>
          before?.has(entry.path) !== true || entry.type === "refused";
        const entries = before === undefined ? came : came.filter(isNew);
        if (entries.length === 0) continue;
        link.progressed();
        if (!isWhole) told.add(entries.map((entry) => entry.path));
        yield { entries, whole: whole.promise };
      }
      return;
    } catch (error) {
      await link.recover(attempt, error);
      before = told.paths();
    } finally {
      whole.resolve();
    }
  }
}
