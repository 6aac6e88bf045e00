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
): readonly string[] {
  const widths = aligns.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, Bun.stringWidth(row[column] ?? "")), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, aligns[column] ?? "left"))
      .join(GAP)
      .trimEnd(),
  );
}

/**
 * Short texts side by side, sorted downwards, as many as fit.
 * @param width columns of the terminal
 */
export function inColumns(texts: readonly string[], width: number): readonly string[] {
  const widths = texts.map((text) => Bun.stringWidth(text));
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
  return Array.from({ length: down }, (_, line) =>
    columns
      .map((column, index) => pad(texts[index * down + line] ?? "", column, "left"))
      .join(GAP)
      .trimEnd(),
  );
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
