import { isAscii } from "../../platform/names.ts";
import type { Path } from "../errors.ts";
import { isStaging, MAX_PATH, STAGING } from "../names.ts";
import type { Entry } from "../storage.ts";

/** A character a byte: exact like a buffer, at a third of its memory. */
export const BYTES = "latin1";

/**
 * Names as one text, each with a `/` behind it: who reads slowly may keep a million waiting, and each
 * alone is four times it.
 */
export function textOf(names: readonly string[]): string {
  return names.length === 0 ? "" : `${names.join("/")}/`;
}

/** What was made one text of. */
export function namesOf(text: string): string[] {
  return text.split("/").slice(0, -1);
}

/** The first names of a text, and the rest. */
export function cut(text: string, most: number): readonly [string, string] {
  let end = 0;
  for (let count = 0; count < most && end < text.length; count++) end = text.indexOf("/", end) + 1;
  return [text.slice(0, end), text.slice(end)];
}

/** Names of one folder, as the system lists them, become paths. */
export class ListedNames {
  readonly #parent: Path;
  /** Bytes that are left for a name. */
  readonly #room: number;

  constructor(parent: Path) {
    this.#parent = parent;
    this.#room = MAX_PATH - Buffer.byteLength([...parent, ""].join("/"));
  }

  /**
   * Judges a name.
   * @param listed a character a byte
   * @param isPlain whether it is known to be ASCII
   * @returns its path; what is told of it where it cannot be served; `undefined` of what nobody sees
   */
  judge(
    listed: string,
    isPlain = isAscii(listed),
  ): { readonly path: Path } | Extract<Entry, { type: "refused" }> | undefined {
    const bytes = isPlain ? undefined : Buffer.from(listed, BYTES);
    const name = bytes?.toString() ?? listed;
    const path = [...this.#parent, name];
    if (bytes !== undefined && !Buffer.from(name).equals(bytes)) {
      return refused(path, "its name is not valid UTF-8");
    }
    if (isStaging(name)) {
      // A user's own, on this disk: it is not to be lost without a word.
      return name.toUpperCase() === STAGING.toUpperCase()
        ? undefined
        : refused(path, "its name is kept for unfinished transfers");
    }
    // A byte a character, of this name and of those above it.
    return listed.length > this.#room ? refused(path, "its path is too long") : { path };
  }
}

/** An entry that exists and cannot be served. */
export function refused(path: Path, reason: string): Extract<Entry, { type: "refused" }> {
  return { path, type: "refused", reason };
}
