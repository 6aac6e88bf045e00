/** Bytes that may wait for whoever reads the log; what is more is lost. */
const MOST_WAITING = 256 * 1024;

/** A stream of the process that a log goes to. */
export interface LogTarget {
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * A log that never holds up who writes it, and never grows: where nobody reads it, or the disk is
 * full, lines are lost and counted, and the count is written as soon as something can be.
 */
export class LogStream {
  readonly #target: LogTarget;
  readonly #describeLost: (lines: number) => string;
  #waiting = 0;
  #lost = 0;

  /** @param describeLost the line that says how many were lost */
  constructor(target: LogTarget, describeLost: (lines: number) => string) {
    this.#target = target;
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
    if (this.#waiting + text.length > MOST_WAITING) return false;
    this.#waiting += text.length;
    this.#target.write(text, (error) => {
      this.#waiting -= text.length;
      if (error !== undefined && error !== null) this.#lost += lines;
      else if (this.#lost > 0) this.#tellLost();
    });
    return true;
  }
}
