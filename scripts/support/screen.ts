import { Terminal, type IBufferCell, type IBufferLine } from "@xterm/headless";

/** Neighbouring cells of one look. */
export interface Run {
  readonly column: number;
  readonly text: string;
  /** How many cells wide. */
  readonly width: number;
  /** One of the sixteen colours, or `undefined` for the usual one. */
  readonly colour: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

/** What a terminal shows. */
export interface Screen {
  readonly columns: number;
  /** From the first row to the last that is not empty. */
  readonly rows: readonly (readonly Run[])[];
  readonly cursor: { readonly column: number; readonly row: number };
}

/** What a terminal shows that was sent this. */
export async function screenOf(output: string, columns: number, rows: number): Promise<Screen> {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const buffer = terminal.buffer.active;
  if (buffer.length > rows)
    throw new Error(`The terminal scrolled: it needs more than ${rows} rows`);
  const shown: Run[][] = [];
  for (let row = 0; row < rows; row++) {
    const line = buffer.getLine(row);
    shown.push(line === undefined ? [] : runsOf(line));
  }
  const cursor = { column: buffer.cursorX, row: buffer.cursorY };
  terminal.dispose();
  const last = shown.findLastIndex((runs) => runs.length > 0);
  return { columns, rows: shown.slice(0, Math.max(last, cursor.row) + 1), cursor };
}

function runsOf(line: IBufferLine): Run[] {
  const runs: Run[] = [];
  let current: Growing = {
    column: 0,
    text: "",
    width: 0,
    colour: undefined,
    bold: false,
    dim: false,
  };
  for (let column = 0; column < line.length; column++) {
    const cell = line.getCell(column);
    // The second half of a wide character has no width.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    if (look.colour !== current.colour || look.bold !== current.bold || look.dim !== current.dim) {
      if (current.text.trim() !== "") runs.push(current);
      current = { column, text: "", width: 0, ...look };
    }
    current.text += cell.getChars() === "" ? " " : cell.getChars();
    current.width += cell.getWidth();
  }
  if (current.text.trim() !== "") runs.push(current);
  return runs;
}

type Growing = { -readonly [Key in keyof Run]: Run[Key] };
type Look = Pick<Run, "colour" | "bold" | "dim">;

function lookOf(cell: IBufferCell): Look {
  return {
    colour: cell.isFgPalette() ? cell.getFgColor() : undefined,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
  };
}
