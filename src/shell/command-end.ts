/** What a line that goes on ends in: a quote, the words of a command, or before its first word. */
type Within = "'" | '"' | "words" | "start";

/**
 * Finds where commands end that come line by line, by the rules of `parseCommands`, and looks at each
 * character once: a command may have very many lines.
 */
export class CommandEnd {
  /** `undefined` where no command has begun. */
  #within: Within | undefined;

  /**
   * Takes the next line.
   * @param line without its end
   * @returns whether the command that it begins, or goes on with, goes on in the next
   */
  goesOn(line: string): boolean {
    if (this.#within === undefined) {
      if (/^[ \t]*#/.test(line)) return false;
      this.#within = "start";
    }
    for (let at = 0; at < line.length; at++) {
      const c = line.charAt(at);
      switch (this.#within) {
        case "'":
        case '"':
          // Before anything else a backslash stands for itself.
          if (c === "\\" && this.#within === '"' && /["\\]/.test(line.charAt(at + 1))) at++;
          else if (c === this.#within) this.#within = "words";
          continue;
        case "start":
          if (/[-@ \t\r]/.test(c)) continue;
          // The rest of the line is the other shell's.
          if (c === "!") return this.#end();
      }
      if (c === "\\") {
        // The line's end goes with it, and leaves all as it was.
        if (at === line.length - 1) return true;
        at++;
      }
      if (c === "'" || c === '"') this.#within = c;
      else this.#within = c === ";" ? "start" : "words";
    }
    return this.#within === "'" || this.#within === '"' ? true : this.#end();
  }

  #end(): false {
    this.#within = undefined;
    return false;
  }
}
