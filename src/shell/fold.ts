import { columnsOf, STDOUT } from "../platform/terminal.ts";

/** A terminal that is narrower than this is written to as if it were not, in columns. */
const NARROWEST = 16;

/** How wide the terminal of standard output is; `undefined` where that is none. */
export function screenWidth(): number | undefined {
  return columnsOf(STDOUT);
}

/**
 * Breaks a text that is too long for a terminal between words, what follows the first line set in.
 * A word that is too long by itself is left to the terminal, so that it can be copied.
 * @param width columns of the terminal; `undefined` where the text goes elsewhere, and stays one line
 */
export function fold(text: string, width: number | undefined, indent = 2): string {
  if (width === undefined || width < NARROWEST || Bun.stringWidth(text) <= width) return text;
  const lines = Bun.wrapAnsi(text, width - indent, { hard: false, trim: true }).split("\n");
  return lines.join(`\n${" ".repeat(indent)}`);
}

/**
 * Breaks the lines of a table that are too long for a terminal: what stands behind the last gap of
 * two blanks goes on below itself, or further left where that leaves it no room.
 * @param width columns of the terminal; `undefined` where the text goes elsewhere, and stays as it is
 */
export function foldTable(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split("\n")
    .map((line) => {
      const [, head = "", tail = line] = /^(.* {2,}|)(\S.*)$/.exec(line) ?? [];
      const column = Bun.stringWidth(head);
      if (column + Bun.stringWidth(tail) <= width) return line;
      if (column <= width / 2) return head + setIn(fold(tail, width - column, 0), column);
      return `${head.trimEnd()}\n${" ".repeat(BELOW)}${setIn(fold(tail, width - BELOW, 0), BELOW)}`;
    })
    .join("\n");
}

/** How far a description is set in that stands below what it describes. */
const BELOW = 6;

/** A text whose lines but the first are set in. */
export function setIn(text: string, columns: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(columns)}`);
}
