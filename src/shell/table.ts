import { joined, plain, type Text } from "./text.ts";

/** Where the text of a column stands. */
export type Align = "left" | "right";

const GAP = "  ";

/** Fills text up to a number of columns of a terminal; wide characters take two. */
export function pad(text: string, width: number, align: Align): string {
  const fill = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return align === "left" ? text + fill : fill + text;
}

/** Rows as lines whose columns stand below each other. A row may be short of columns. */
export function alignRows(
  rows: readonly (readonly string[])[],
  aligns: readonly Align[],
): readonly string[];
export function alignRows(
  rows: readonly (readonly Text[])[],
  aligns: readonly Align[],
): readonly Text[];
export function alignRows(
  rows: readonly (readonly Text[])[],
  aligns: readonly Align[],
): readonly Text[] {
  const widths = aligns.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? "")), 0),
  );
  return rows.map((row) => lineOf(row, widths, aligns));
}

/**
 * Short texts side by side, sorted downwards, as many as fit.
 * @param width columns of the terminal
 */
export function inColumns(texts: readonly string[], width: number): readonly string[];
export function inColumns(texts: readonly Text[], width: number): readonly Text[];
export function inColumns(texts: readonly Text[], width: number): readonly Text[] {
  const widths = texts.map(widthOf);
  // No column is narrower than one character and its gap.
  let across = Math.min(texts.length, Math.floor((width + GAP.length) / (1 + GAP.length)));
  for (; across > 1; across--) {
    const down = Math.ceil(texts.length / across);
    const columns = widestOf(widths, down);
    const total = columns.reduce((sum, column) => sum + column + GAP.length, -GAP.length);
    if (total <= width) break;
  }
  const down = Math.ceil(texts.length / Math.max(1, across));
  const columns = widestOf(widths, down);
  return Array.from({ length: down }, (_, line) => {
    const cells = columns.map((_, index) => texts[index * down + line] ?? "");
    return lineOf(cells, columns, []);
  });
}

/** How many columns of a terminal a text takes. */
function widthOf(text: Text): number {
  return Bun.stringWidth(plain(text));
}

/** Cells as a line, each as wide as its column, without blanks at its end. */
function lineOf(cells: readonly Text[], widths: readonly number[], aligns: readonly Align[]): Text {
  const last = cells.findLastIndex((cell) => plain(cell) !== "");
  const parts = cells.slice(0, last + 1).map((cell, column) => {
    const fill = " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)));
    if (aligns[column] === "right") return joined([fill, cell]);
    return column === last ? cell : joined([cell, fill]);
  });
  return joined(parts, GAP);
}

/** How wide each column is that holds `down` texts. */
function widestOf(widths: readonly number[], down: number): readonly number[] {
  const columns: number[] = [];
  for (const [index, width] of widths.entries()) {
    const column = Math.floor(index / down);
    columns[column] = Math.max(columns[column] ?? 0, width);
  }
  return columns;
}
