import { appendFileSync, chmodSync } from "node:fs";
import { dirname } from "node:path";
import { visible } from "../observe/visible.ts";
import { SecurityError } from "../security/errors.ts";
import { makeFolder, readTextIfThere, replaceFile } from "../security/files.ts";
import { withLock } from "../security/lock.ts";

/** How many lines are kept. */
export const MOST_LINES = 1000;
/** The longest line that is kept, in characters: longer ones are pasted, and not looked for. */
const LONGEST = 2000;
/** Longer than `MOST_LINES` of the longest lines can be, in bytes. */
const MAX_FILE = 8 * 1024 * 1024;

/**
 * What was typed at earlier prompts, kept in a file that its owner alone can read. Where that cannot
 * be read or written it lasts as long as the program: nobody is kept from typing.
 */
export class HistoryFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is kept, the newest first. */
  lines(): string[] {
    try {
      return this.#read().toReversed();
    } catch (error) {
      if (error instanceof SecurityError) return [];
      throw error;
    }
  }

  /** Keeps a line at once, so that it outlives the program however that ends. */
  add(line: string): void {
    if (!isKept(line)) return;
    try {
      makeFolder(dirname(this.#file));
      // Whoever shortens the file would otherwise lose what another shell adds meanwhile.
      withLock(this.#file, () => this.#append(line));
    } catch (error) {
      if (!(error instanceof SecurityError)) throw error;
    }
  }

  #append(line: string): void {
    const lines = this.#read();
    if (lines.at(-1) === line) return;
    if (lines.length >= MOST_LINES) {
      const kept = [...lines.slice(1 - MOST_LINES), line];
      replaceFile(this.#file, `${kept.join("\n")}\n`);
      return;
    }
    try {
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
      // One that was copied here may be open to others.
      chmodSync(this.#file, 0o600);
    } catch (error) {
      throw new SecurityError("failed", `Cannot write ${this.#file}: ${String(error)}`);
    }
  }

  #read(): string[] {
    const text = readTextIfThere(this.#file, { max: MAX_FILE, forbidden: () => 0 });
    return (text ?? "").split("\n").filter(isKept);
  }
}

/**
 * Whether a line is kept: one that begins with a blank is not, as in sh, nor is one that a terminal
 * would obey when it is shown again.
 */
export function isKept(line: string): boolean {
  return line.length <= LONGEST && /^\S/.test(line) && visible(line) === line;
}
