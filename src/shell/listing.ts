import { formatTime } from "../observe/times.ts";
import { formatSize } from "../observe/units.ts";
import { visible } from "../observe/visible.ts";
import type { Item, RefusedItem } from "../storage/storage.ts";
import type { Option } from "./command.ts";
import { alignRows, inColumns } from "./table.ts";
import { joined, marked, type Text } from "./text.ts";

/** Below so many columns a long list leaves out the time of day. */
const NARROW = 60;

/** What a list shows of an entry, of either side. */
export type Listed = { readonly name: string } & (Item | RefusedItem);

/** The options of commands that list. */
export const LISTING_OPTIONS = {
  long: { letter: "l", means: "sizes and times as well; * marks what can be executed" },
  recursive: { letter: "r", means: "what its folders hold as well" },
} as const satisfies Record<string, Option>;

/** All that there is is listed always, and sizes are written as people read them. */
export const LISTING_IDLE_LETTERS = "ah";

/**
 * A list as LS and LLS show it, sorted by name, folders with a `/`.
 * @param width columns of the terminal that it goes to; `undefined` where it goes elsewhere, and
 * each name has a line of its own
 */
export function formatListing(
  entries: readonly Listed[],
  { long, width }: { readonly long: boolean; readonly width: number | undefined },
): Text {
  const sorted = entries.toSorted((a, b) => comparePaths(a.name, b.name));
  return joined([...(long ? longLines(sorted, width) : shortLines(sorted, width)), ""], "\n");
}

/** The order of lists: by character codes, folders right before what they hold. */
export function comparePaths(a: string, b: string): number {
  const others = b.split("/");
  for (const [index, part] of a.split("/").entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a === b ? 0 : -1;
}

function shortLines(entries: readonly Listed[], width: number | undefined): readonly Text[] {
  const withReason = (entry: Listed): Text => joined([nameOf(entry), whyRefused(entry)]);
  if (width === undefined) return entries.map(withReason);
  const refused = entries.filter(({ type }) => type === "refused");
  const served = entries.filter(({ type }) => type !== "refused");
  // Reasons are sentences: among names they would leave room for one column.
  return [...inColumns(served.map(nameOf), width), ...refused.map(withReason)];
}

function longLines(entries: readonly Listed[], width = Infinity): readonly Text[] {
  // A name on a narrow terminal is worth more than the time of day.
  const time = (mtime: number): string =>
    width < NARROW ? formatTime(mtime).split(" ", 1).join("") : formatTime(mtime);
  const rows = entries.map((entry): readonly Text[] => {
    if (entry.type === "refused") {
      return ["-", "-", joined([nameOf(entry), whyRefused(entry)])];
    }
    const size = entry.type === "folder" ? "-" : formatSize(entry.size);
    const mark = entry.exec ? "*" : "";
    return [size, marked("secondary", time(entry.mtime)), joined([nameOf(entry), mark])];
  });
  return alignRows(rows, ["right", "left", "left"]);
}

function nameOf({ name, type }: Listed): Text {
  if (type !== "folder") return visible(name);
  return marked("folder", visible(name) + (name.endsWith("/") ? "" : "/"));
}

function whyRefused(entry: Listed): Text {
  return entry.type === "refused" ? marked("secondary", ` (${visible(entry.reason)})`) : "";
}
