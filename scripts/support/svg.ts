import type { Run, Screen } from "./screen.ts";

/** Sizes in pixels. */
const FONT = 14;
const CELL = 8.4;
const ROW = 20;
const BAR = 36;
const PADDING = 18;

const BACKGROUND = "#1b1f27";
const TEXT = "#d8dee9";
/** The sixteen colours of a terminal, all of them readable on the background. */
const COLOURS =
  "#6b7280 #ff7b80 #98d982 #ecc06c #7db4ff #d59cf0 #65d1d9 #d8dee9 #9aa3b2 #ff9ea2 #b5e8a3 #f5d596 #a6ccff #e5bdf7 #96e4ea #ffffff".split(
    " ",
  );

/** Draws a screen as a window, with its text as text. */
export function drawWindow(screen: Screen, title: string, description: string): string {
  const width = Math.round(screen.columns * CELL + 2 * PADDING);
  const height = BAR + screen.rows.length * ROW + 2 * PADDING - 6;
  const lights = ["#ff6159", "#ffbd2e", "#28c941"].map(
    (colour, index) => `<circle cx="${20 + index * 20}" cy="18" r="6" fill="${colour}"/>`,
  );
  const rows = screen.rows.map((runs, row) => drawRow(runs, row)).filter((row) => row !== "");
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-labelledby="title description">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:${TEXT};white-space:pre}.bold{font-weight:700}.dim{fill-opacity:0.65}</style>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="${BACKGROUND}" stroke="#4b5363"/>`,
    `<path d="M1 ${BAR}V10a9 9 0 0 1 9-9H${width - 10}a9 9 0 0 1 9 9V${BAR}z" fill="#2b303b"/>`,
    ...lights,
    `<text x="${width / 2}" y="23" text-anchor="middle" fill-opacity="0.75">${escape(title)}</text>`,
    ...rows,
    drawCursor(screen.cursor),
    "</svg>",
  ].join("\n")}\n`;
}

function drawRow(runs: readonly Run[], row: number): string {
  if (runs.length === 0) return "";
  const spans = runs.map((run) => {
    const text = run.text.trimEnd();
    const width = run.width - (run.text.length - text.length);
    const colour = run.colour === undefined ? undefined : COLOURS[run.colour];
    const fill = colour === undefined ? "" : ` style="fill:${colour}"`;
    const looks = [...(run.bold ? ["bold"] : []), ...(run.dim ? ["dim"] : [])];
    const look = looks.length > 0 ? ` class="${looks.join(" ")}"` : "";
    // The length keeps the columns where they are, whatever font there is.
    return `<tspan x="${x(run.column)}" textLength="${round(width * CELL)}"${look}${fill}>${escape(text)}</tspan>`;
  });
  return `<text xml:space="preserve" y="${y(row) + 15}">${spans.join("")}</text>`;
}

function drawCursor({ column, row }: Screen["cursor"]): string {
  return `<rect x="${x(column)}" y="${y(row) + 1}" width="${CELL}" height="18" fill="${TEXT}" fill-opacity="0.7"/>`;
}

function x(column: number): number {
  return round(PADDING + column * CELL);
}

function y(row: number): number {
  return BAR + PADDING - 4 + row * ROW;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
