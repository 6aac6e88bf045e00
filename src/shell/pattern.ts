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

/**
 * Reads a pattern. As in sh a name that begins with a dot is matched only where a part of the
 * pattern does so, too.
 */
export function compilePattern(text: string): Pattern {
  const parts = text.split("/");
  const first = parts.findIndex((part) => WILDCARD.test(part));
  const base = parts.slice(0, first).join("/");
  const behind = parts.slice(first).filter((part) => part !== "" && part !== ".");
  const keepsTree = behind.includes("**");
  // What Bun knows beyond sh's patterns is taken literally: braces, and `!` in front.
  const glob = new Bun.Glob(behind.join("/").replace(/[{}\\]|^!/g, "\\$&"));
  const hidden = behind.some((part) => part.startsWith("."));
  return {
    // A single slash is the root.
    base: first === 1 && parts[0] === "" ? "/" : base,
    deep: keepsTree || behind.length > 1,
    depth: behind.length,
    keepsTree,
    matches: (path) =>
      (hidden || !path.some((part) => part.startsWith("."))) && glob.match(path.join("/")),
  };
}
