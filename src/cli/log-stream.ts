import { fstatSync, writeSync } from "node:fs";

/** Bytes that may wait for whoever reads the log; what is more is lost. */
const MOST_WAITING = 256 * 1024;

/** A stream of the process that a log goes to. */
export interface LogTarget {
  readonly fd: number;
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * A log that never holds up who writes it, and never grows: where nobody reads it, or the disk is
 * full, lines are lost and counted, and the count is written as soon as something can be.
 */
export class LogStream {
  readonly #target: LogTarget;
  readonly #isFile: boolean;
  readonly #describeLost: (lines: number) => string;
  #waiting = 0;
  #lost = 0;

  /** @param describeLost the line that says how many were lost */
  constructor(target: LogTarget, describeLost: (lines: number) => string) {
    this.#target = target;
    this.#isFile = isRegular(target.fd);
    this.#describeLost = describeLost;
  }

  /** Writes a line, LF included, or counts it as lost. */
  line(text: string): void {
    if (this.#lost > 0 && !this.#tellLost()) this.#lost++;
    else if (!this.#put(text, 1)) this.#lost++;
  }

  #tellLost(): boolean {
    const lines = this.#lost;
    if (this.#waiting > MOST_WAITING / 2) return false;
    this.#lost = 0;
    if (this.#put(this.#describeLost(lines), lines)) return true;
    this.#lost = lines;
    return false;
  }

  /** @param lines that are lost with it */
  #put(text: string, lines: number): boolean {
    if (this.#isFile) return this.#putInFile(text);
    if (this.#waiting + text.length > MOST_WAITING) return false;
    this.#waiting += text.length;
    this.#target.write(text, (error) => {
      this.#waiting -= text.length;
      if (error !== undefined && error !== null) this.#lost += lines;
      else if (this.#lost > 0) this.#tellLost();
    });
    return true;
  }

  /** The stream would give a file up for good after its first error. */
  #putInFile(text: string): boolean {
    try {
      const bytes = Buffer.from(text);
      return writeSync(this.#target.fd, bytes) === bytes.length;
    } catch {
      return false;
    }
  }
}

function isRegular(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
