/** A search through earlier lines, letter by letter, from the newest to the oldest. */
export class Search {
  readonly #lines: readonly string[];
  #wanted = "";
  /** Which line is found; beyond the last where none is. */
  #at = 0;

  /** @param lines the newest first */
  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** What is looked for. */
  get wanted(): string {
    return this.#wanted;
  }

  /** The line that was found, where one was. */
  get found(): string | undefined {
    return this.#wanted === "" ? undefined : this.#lines[this.#at];
  }

  /** Where in the line that was found what is looked for begins. */
  get column(): number {
    return this.#columnIn(this.found ?? "");
  }

  /** Looks for more: what was found stays where it fits. */
  add(text: string): void {
    this.#wanted += text;
    this.#seek(this.#at);
  }

  /** Looks for less, and from the newest line on again. */
  takeBack(): void {
    this.#wanted = Array.from(this.#wanted).slice(0, -1).join("");
    this.#seek(0);
  }

  /** Looks further back; another line than the one that was found. */
  older(): void {
    if (this.found === undefined) return;
    const { found } = this;
    const before = this.#at;
    this.#seek(this.#at + 1);
    while (this.found === found) this.#seek(this.#at + 1);
    if (this.found === undefined) this.#at = before;
  }

  #seek(from: number): void {
    const at = this.#lines.findIndex((line, index) => index >= from && this.#columnIn(line) >= 0);
    this.#at = at === -1 ? this.#lines.length : at;
  }

  #columnIn(line: string): number {
    // Commands are typed in any case, and looked for in any.
    return line.toLowerCase().indexOf(this.#wanted.toLowerCase());
  }
}
