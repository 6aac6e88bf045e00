import { pad } from "../table.ts";

/** A terminal that lines are shown on. */
export interface Screen {
  write(text: string): unknown;
  readonly columns: number;
  readonly rows: number;
  /** Tells when it has another size. */
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

const CSI = "\u001b[";
const ERASE_BELOW = `${CSI}J`;

/**
 * Lines at the end of what a terminal shows, drawn again and again in the same place. The cursor
 * waits where the first begins, and each is filled up so that the next is its continuation: to the
 * terminal they are one line that is too long. A change of width breaks that anew, or does not, and
 * leaves the cursor at its beginning, so that all from there on is always ours and can be erased.
 */
export class LiveLines {
  readonly #screen: Screen;
  #shown: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Whether any can be seen. */
  get shown(): boolean {
    return this.#shown.length > 0;
  }

  /** Shows these lines in place of those before. None fills the terminal's width. */
  draw(lines: readonly string[]): void {
    if (lines.length === 0) return this.erase();
    this.#shown = lines;
    const up = lines.length > 1 ? `${CSI}${lines.length - 1}A` : "";
    const { columns } = this.#screen;
    const last = lines.length - 1;
    const filled = lines.map((line, index) => (index < last ? pad(line, columns, "left") : line));
    this.#screen.write(`\r${filled.join("")}${ERASE_BELOW}${up}\r`);
  }

  /** Takes them away. */
  erase(): void {
    if (!this.shown) return;
    this.#shown = [];
    this.#screen.write(`\r${ERASE_BELOW}`);
  }

  /** Writes something above them. */
  above(write: () => void): void {
    const lines = this.#shown;
    this.erase();
    write();
    this.draw(lines);
  }
}
