import type { Interface, Key } from "node:readline";
import type { Writable } from "node:stream";
import { charactersOf } from "../characters.ts";

/** What can be done to a line on a terminal that obeys nothing: its end is taken back. */
export class PlainLine {
  readonly #line: Interface;
  readonly #screen: Writable;

  constructor(line: Interface, screen: Writable) {
    this.#line = line;
    this.#screen = screen;
  }

  /** @returns whether the key is one of those that take something back */
  press({ name, ctrl, meta }: Key): boolean {
    const { line } = this.#line;
    if (name === "backspace" && meta !== true) {
      const last = charactersOf(line).at(-1) ?? "";
      this.#cut(line.length - last.length);
    } else if (ctrl === true && name === "u") {
      this.#cut(0);
    } else if (ctrl === true && name === "w") {
      this.#cut(line.trimEnd().search(/\S+$/));
    } else {
      return false;
    }
    return true;
  }

  /** Takes all of it back. */
  clear(): void {
    this.#cut(0);
  }

  /** Shows it behind its prompt. */
  show(): void {
    this.#screen.write(this.#line.line);
  }

  #cut(end: number): void {
    const kept = this.#line.line.slice(0, Math.max(0, end));
    const gone = Bun.stringWidth(this.#line.line) - Bun.stringWidth(kept);
    this.#screen.write("\b \b".repeat(gone));
    Object.assign(this.#line, { line: kept, cursor: kept.length });
  }
}
