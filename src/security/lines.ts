import { SecurityError } from "./errors.ts";

/** A line of a file that people may edit: what it says, if anything, and how it stands there. */
export interface Line<Entry> {
  readonly text: string;
  /** `undefined` for a comment and an empty line. */
  readonly entry: Entry | undefined;
}

/** Why a line cannot be read, in a few words. */
export class BadLine extends Error {
  override readonly name = "BadLine";
}

/**
 * Reads a file of one entry a line. `#` begins a comment line. A line that cannot be read stops
 * everything: to pass over it could forget a key or a user without a word.
 * @param parse gives a line's entry
 * @param keyOf what two lines may not have in common
 * @throws {SecurityError} with file and line
 */
export function parseLines<Entry>(
  file: string,
  text: string,
  parse: (line: string) => Entry,
  keyOf: (entry: Entry) => string,
): Line<Entry>[] {
  const seen = new Map<string, number>();
  const rows = text.split("\n");
  if (rows.at(-1) === "") rows.pop();
  return rows.map((row, at) => {
    const number = at + 1;
    const line = row.trim();
    if (line === "" || line.startsWith("#")) return { text: row, entry: undefined };
    const bad = (what: string): SecurityError =>
      new SecurityError("invalid", `${file}, line ${number}: ${what}: mend or remove the line`);
    const entry = tryParse(line, parse, bad);
    const key = keyOf(entry);
    const first = seen.get(key);
    if (first !== undefined) throw bad(`${key} stands in line ${first} already`);
    seen.set(key, number);
    return { text: row, entry };
  });
}

/** The file's text again, as it was where nothing was changed. */
export function formatLines(lines: readonly { readonly text: string }[]): string {
  return lines.map(({ text }) => `${text}\n`).join("");
}

function tryParse<Entry>(
  line: string,
  parse: (line: string) => Entry,
  bad: (what: string) => SecurityError,
): Entry {
  try {
    return parse(line);
  } catch (error) {
    throw error instanceof BadLine ? bad(error.message) : error;
  }
}
