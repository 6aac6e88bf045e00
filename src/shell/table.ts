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
  const widest = texts.reduce((most, text) => Math.max(most, Bun.stringWidth(text)), 0);
  const across = Math.max(1, Math.floor((width + GAP.length) / (widest + GAP.length)));
  const down = Math.ceil(texts.length / across);
  return Array.from({ length: down }, (_, line) =>
    texts
      .filter((_, index) => index % down === line)
      .map((text) => pad(text, widest, "left"))
      .join(GAP)
      .trimEnd(),
  );
}
