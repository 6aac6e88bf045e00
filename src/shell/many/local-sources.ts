import { isAbsolute } from "node:path";
import { Interrupted } from "../../client/errors.ts";
import { SYSTEM } from "../../platform/system.ts";
import type { Path } from "../../storage/errors.ts";
import type { Entry, Storage } from "../../storage/storage.ts";
import { byName } from "./by-name.ts";
import { baseNamesOf, namesOf } from "./destination.ts";
import { isMatched, matchesOf, treeOf, type Found } from "./found.ts";
import type { Word } from "../parse.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import type { Places } from "./places.ts";
import { snapshotOf } from "./snapshot.ts";

/** Something on this side that is to be sent. */
export interface FoundHere extends Found {
  readonly storage: Storage;
}

/** How to look. */
export interface Looking {
  /** Take folders, with all that is in them. */
  readonly recursive: boolean;
  /** Give all by name, as a pattern's matches are always; very long listings as they come. */
  readonly byName: boolean;
}

/** Told, while words are looked at, that so many more entries were found that they stand for. */
export type OnFound = (entries: number) => void;

/**
 * Looks at what words stand for on this side, all of it before any of it is sent: it may come to lie
 * in a folder that another word names.
 * @returns gives what each of them stands for, one after the other. That throws `CommandFailed`
 * with status 5 where a pattern matches nothing, and `StorageError` where a folder cannot be listed
 */
export async function lookThrough(
  places: Places,
  words: readonly Word[],
  how: Looking,
  signal: AbortSignal,
  onFound: OnFound = () => undefined,
): Promise<(word: Word) => AsyncIterable<readonly FoundHere[]>> {
  const looked = new Map<Word, () => AsyncIterable<readonly FoundHere[]>>();
  for (const word of words) {
    try {
      looked.set(word, await lookAtOne(places, word, how, signal, onFound));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      looked.set(word, () => failing(error));
    }
  }
  return (word) => looked.get(word)?.() ?? failing(new Error(`${word.text} was not looked at`));
}

async function lookAtOne(
  places: Places,
  word: Word,
  { recursive, byName: isByName }: Looking,
  signal: AbortSignal,
  onFound: OnFound,
): Promise<() => AsyncIterable<readonly FoundHere[]>> {
  const { text: typed } = word;
  if (isPattern(word)) {
    const pattern = compilePattern(typed);
    const base = pattern.base === "" ? "." : pattern.base;
    const where = { typed: base, asFolder: true };
    const deep = recursive || pattern.deep;
    const isWanted = (path: Path): boolean => isMatched(pattern, path, recursive);
    const { path, entries } = await listHere(
      places,
      where,
      { recursive: deep, byName: true },
      signal,
      onFound,
      isWanted,
    );
    const kept = baseNamesOf(pattern.base, leadsElsewhere(pattern.base));
    const what = { pattern, typed, lister: "LLS" } as const;
    return () =>
      usedIn(places, where, matchesOf(entries(), what, path, kept, recursive), (found) =>
        shownHere(typed, pattern.base, found, path),
      );
  }
  const where = { typed, asFolder: false };
  if (!recursive) {
    onFound(1);
    return () => usedIn(places, where, undefined, () => typed);
  }
  const { path, entries } = await listHere(
    places,
    where,
    { recursive: true, byName: isByName },
    signal,
    onFound,
  );
  const names = namesOf(typed, path, leadsElsewhere(typed));
  return () =>
    usedIn(places, where, treeOf(entries(), path, names), (found) =>
      shownHere(typed, typed, found, path),
    );
}

interface Where {
  readonly typed: string;
  readonly asFolder: boolean;
}

/** @param isWanted whether a path behind the place is; all are where it is left out */
async function listHere(
  places: Places,
  where: Where,
  { recursive, byName: isByName }: Looking,
  signal: AbortSignal,
  onFound: OnFound,
  isWanted: (path: Path) => boolean = () => true,
) {
  const place = await places.take(where.typed, where);
  try {
    const { storage, path } = place;
    return { path, entries: await snapshotOf(isByName ? byName(wanted()) : wanted(), signal) };

    async function* wanted(): AsyncGenerator<readonly Entry[]> {
      for await (const some of storage.list(path, { recursive })) {
        const these = some.filter((entry) => isWanted(entry.path.slice(path.length)));
        onFound(these.length);
        yield these;
      }
    }
  } finally {
    place.release();
  }
}

/** Hands on what was found, with its place open until all that is to be done with it is done. */
async function* usedIn(
  places: Places,
  where: Where,
  found: AsyncIterable<readonly Found[]> | undefined,
  shownOf: (path: Path) => string,
): AsyncGenerator<readonly FoundHere[]> {
  const place = await places.take(where.typed, where);
  try {
    const { storage, path } = place;
    for await (const some of found ?? [[itself(where.typed, path)]]) {
      const here: FoundHere[] = [];
      for (const item of some) {
        here.push({ ...item, storage, shown: shownOf(item.path), done: place.use() });
      }
      yield here;
    }
  } finally {
    place.release();
  }
}

function itself(typed: string, path: Path): Found {
  return { type: "file", path, names: namesOf(typed, path, leadsElsewhere(typed)), shown: typed };
}

// oxlint-disable-next-line require-yield
async function* failing(error: unknown): AsyncGenerator<never> {
  throw error;
}

/** Whether what was typed for this side keeps only its last part on the other. */
export function leadsElsewhere(typed: string): boolean {
  return isAbsolute(typed) || SYSTEM.startsAtHome(typed);
}

/** A path that was found behind what was typed, as the user knows it. */
function shownHere(typed: string, base: string, path: Path, from: Path): string {
  const rest = path.slice(from.length).join("/");
  if (rest === "") return typed;
  const folder = base.replace(/(?:\/\.?)+$/, "");
  return base === "" || folder === "." ? rest : `${folder}/${rest}`;
}
