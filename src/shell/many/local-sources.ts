import { isAbsolute } from "node:path";
import type { Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { baseNamesOf, namesOf } from "./destination.ts";
import { matchesOf, treeOf, type Found } from "./found.ts";
import {
  isFromHome,
  openLocal,
  openLocalFolder,
  type LocalPlace,
  type LocalSide,
} from "../local-path.ts";
import type { Word } from "../parse.ts";
import { compilePattern, isPattern } from "../pattern.ts";

/** Something on this side that is to be sent. */
export interface FoundHere extends Found {
  readonly storage: Storage;
}

/**
 * What a word stands for on this side, as it is found.
 * @param opened is told of what has to be closed when all is done
 * @throws {CommandFailed} status 5, where a pattern matches nothing
 */
export async function* findLocal(
  side: LocalSide,
  word: Word,
  recursive: boolean,
  opened: (place: LocalPlace) => void,
): AsyncGenerator<FoundHere> {
  if (isPattern(word)) {
    const pattern = compilePattern(word.text);
    const place = await openLocalFolder(side, pattern.base === "" ? "." : pattern.base, {
      make: false,
    });
    opened(place);
    const { storage, path } = place;
    const kept = baseNamesOf(pattern.base, leadsElsewhere(pattern.base));
    const listing = storage.list(path, { recursive: recursive || pattern.deep });
    const what = { pattern, typed: word.text };
    for await (const found of matchesOf(listing, what, path, kept, recursive)) {
      yield { ...found, storage, shown: shownHere(word.text, pattern.base, found.path, path) };
    }
    return;
  }
  const place = await openLocal(side, word.text, { make: false });
  opened(place);
  const { storage, path } = place;
  const names = namesOf(word.text, path, leadsElsewhere(word.text));
  if (!recursive) {
    yield { type: "file", path, names, shown: word.text, storage };
    return;
  }
  const listing = storage.list(path, { recursive: true });
  for await (const found of treeOf(listing, path, names)) {
    yield { ...found, storage, shown: shownHere(word.text, word.text, found.path, path) };
  }
}

/** Whether what was typed for this side keeps only its last part on the other. */
export function leadsElsewhere(typed: string): boolean {
  return isAbsolute(typed) || isFromHome(typed);
}

/** A path that was found behind what was typed, as the user knows it. */
function shownHere(typed: string, base: string, path: Path, from: Path): string {
  const rest = path.slice(from.length).join("/");
  if (rest === "") return typed;
  const folder = base.replace(/(?:\/\.?)+$/, "");
  return base === "" || folder === "." ? rest : `${folder}/${rest}`;
}
