import { charactersOf } from "../characters.ts";
import { pad } from "../table.ts";

const ELLIPSIS = "…";
/** Of a longer text no more is looked at from either end: no terminal is wider. */
const LONGEST = 2048;

/**
 * Fits text into so many columns of a terminal: filled up, or its middle left out, since a name's
 * beginning and its end tell most. No character is cut in half, wide ones included.
 */
export function fit(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return pad(text, width, "left");
  if (width <= 0) return "";
  const tail = Math.floor((width - 1) / 2);
  const end = charactersOf(text.slice(-LONGEST));
  const start = charactersOf(text.slice(0, LONGEST));
  const kept = take(end.toReversed(), tail).toReversed().join("");
  const begun = take(start, width - 1 - Bun.stringWidth(kept)).join("");
  return pad(`${begun}${ELLIPSIS}${kept}`, width, "left");
}

/** As many of the characters as fit into so many columns. */
function take(segments: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const segment of segments) {
    left -= Bun.stringWidth(segment);
    if (left < 0) break;
    taken.push(segment);
  }
  return taken;
}
