import type { Path } from "../storage/errors.ts";
import type { Word } from "./parse.ts";

const WILDCARD = /[*?[]/;

/** Whether a word stands for all names that it matches. A quoted one never does. */
export function isPattern({ text, quoted }: Word): boolean {
  return !quoted && WILDCARD.test(text);
}

/** A pattern of names, as in sh: `*`, `?`, `[a-z]`, `[!a-z]`, and `**` for any folders. */
export interface Pattern {
  /** What stands before the first part with a wildcard, as it was typed: where to look. */
  readonly base: string;
  /** Whether names in folders within folders can match. */
  readonly deep: boolean;
  /** How many parts behind the base a name has that matches, where it is not deep. */
  readonly depth: number;
  /** Whether `**` is in it: what it matches keeps the folders that it stands in. */
  readonly keepsTree: boolean;
  /** @param path behind the base */
  matches(path: Path): boolean;
}

/** Reads a pattern. As in sh a name that begins with a dot is matched only by a part that does. */
export function compilePattern(text: string): Pattern {
  const parts = text.split("/");
  const first = parts.findIndex((part) => WILDCARD.test(part));
  const base = parts.slice(0, first).join("/");
  const behind = parts.slice(first).filter((part) => part !== "" && part !== ".");
  const keepsTree = behind.includes("**");
  const matchers = behind.map((part) => (part === "**" ? ANY_FOLDERS : matcherOf(part)));
  return {
    // A single slash is the root.
    base: first === 1 && parts[0] === "" ? "/" : base,
    deep: keepsTree || behind.length > 1,
    depth: behind.length,
    keepsTree,
    matches: (path) => matchesAll(matchers, path),
  };
}

/** Stands for `**` among what matches the single parts of a path. */
const ANY_FOLDERS = "any folders";

type Matcher = ((name: string) => boolean) | typeof ANY_FOLDERS;

function matcherOf(part: string): Matcher {
  // What Bun knows beyond sh's patterns is taken literally: braces, and `!` in front.
  const glob = new Bun.Glob(part.replace(/[{}\\]|^!/g, "\\$&"));
  const hidden = part.startsWith(".");
  return (name) => (hidden || !name.startsWith(".")) && glob.match(name);
}

/**
 * Whether the parts of a path are matched one by one, `**` by none or more of them and at the end
 * by one or more. Takes time in proportion to the product of the two lengths at the most.
 */
function matchesAll(matchers: readonly Matcher[], path: Path): boolean {
  // Which beginnings of the path are matched by the matchers so far, by their number of parts.
  let reached = [true, ...path.map(() => false)];
  for (const [index, matcher] of matchers.entries()) {
    const next = reached.map(() => false);
    if (matcher === ANY_FOLDERS && index < matchers.length - 1) next[0] = reached[0] === true;
    for (const [at, name] of path.entries()) {
      if (matcher === ANY_FOLDERS) {
        const none = index < matchers.length - 1 && reached[at + 1] === true;
        const more = (reached[at] === true || next[at] === true) && !name.startsWith(".");
        next[at + 1] = none || more;
      } else {
        next[at + 1] = reached[at] === true && matcher(name);
      }
    }
    reached = next;
  }
  return reached.at(-1) === true;
}
