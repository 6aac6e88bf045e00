import type { Link } from "../../client/link.ts";
import { listRemote } from "../../client/listing.ts";
import type { Path } from "../../storage/errors.ts";
import { namesOf } from "./destination.ts";
import { matchesOf, treeOf, type Found, type Listed } from "./found.ts";
import type { Word } from "../parse.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import { parseRemotePath } from "../remote-path.ts";

/** Where and how to look for what was typed. */
export interface Lookup {
  /** What names are relative to. */
  readonly folder: Path;
  /** Take folders, with all that is in them. */
  readonly recursive: boolean;
  readonly signal: AbortSignal;
}

/**
 * What a word stands for on the server, as it is found.
 * @throws {CommandFailed} status 5, where a pattern matches nothing
 */
export async function* findRemote(
  link: Link,
  word: Word,
  { folder, recursive, signal }: Lookup,
): AsyncGenerator<Found> {
  if (isPattern(word)) {
    const pattern = compilePattern(word.text);
    const base = parseRemotePath(pattern.base, folder);
    const names = namesOf(pattern.base, base, false);
    const listing = listAll(link, base, recursive || pattern.deep, signal);
    yield* matchesOf(listing, { pattern, typed: word.text }, base, names, recursive);
    return;
  }
  const path = parseRemotePath(word.text, folder);
  const names = namesOf(word.text, path, false);
  if (recursive) yield* treeOf(listAll(link, path, true, signal), path, names);
  else yield { type: "file", path, names, shown: path.join("/") };
}

/** Lists over as many connections as it takes: what was told of already is not told again. */
export async function* listAll(
  link: Link,
  path: Path,
  recursive: boolean,
  signal: AbortSignal,
): AsyncGenerator<Listed> {
  const told = new Set<string>();
  for (;;) {
    const { session } = link;
    try {
      for await (const entry of listRemote(session, path, { recursive, signal })) {
        if (told.has(entry.path)) continue;
        told.add(entry.path);
        yield { ...entry, path: entry.path === "" ? [] : entry.path.split("/") };
      }
      return;
    } catch (error) {
      await link.recover(session, error);
    }
  }
}
