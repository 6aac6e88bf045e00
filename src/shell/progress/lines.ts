import { formatClock, formatCount, formatSize } from "../../observe/units.ts";
import { visible } from "../../observe/visible.ts";
import { joined, marked, type Text } from "../text.ts";
import { pad } from "../table.ts";
import { fit } from "./fit.ts";

/** How far something is: a file, or all of them. Sizes in bytes, rates in bytes a second. */
export interface Amount {
  readonly bytes: number;
  /** `undefined` where it is not known yet. */
  readonly size: number | undefined;
  readonly rate: number;
}

/** What is happening. */
export type State =
  | { readonly is: "moving" | "connecting" | "waiting" | "unanswered" }
  /** For how long, or for how long yet, in milliseconds. */
  | { readonly is: "stalled" | "retrying"; readonly ms: number };

/** What a job shows of itself. */
export interface View {
  readonly file: (Amount & { readonly name: string }) | undefined;
  /** `undefined` where there is one file alone. */
  readonly all:
    | (Amount & {
        readonly done: number;
        readonly files: number;
        readonly allFound: boolean;
        /** Whether they are things that have no bytes: `bytes` and `size` are their numbers then. */
        readonly isCount?: boolean;
      })
    | undefined;
  readonly state: State;
}

const GAP = "  ";
const PERCENT = 4;
const SIZE = 10;
const RATE = 12;
const CLOCK = 8;
/** From so many columns on there is room for a bar, and for the whole size as well. */
const WITH_BAR = 72;
const WITH_SIZE = 96;
const WITH_BYTES = 56;
const WITH_RATE = 34;
const LONGEST_BAR = 30;

/**
 * What a job shows: a line for the file, and one for all of them where there are several.
 * @param columns of the terminal
 */
export function linesOf({ file, all, state }: View, columns: number): readonly Text[] {
  // Whatever stands in the last column makes some terminals begin another line.
  const width = columns - 1;
  const moving: State = { is: "moving" };
  const lines: Text[] = [];
  if (file !== undefined) {
    // What has no rate has no end in sight either: the line below says what is the matter.
    const rate = state.is === "moving" ? file.rate : 0;
    const shown = all === undefined ? state : moving;
    lines.push(lineOf(visible(file.name), { ...file, rate }, shown, width));
  }
  if (all !== undefined) lines.push(lineOf(countOf(all, width), all, state, width, all.isCount));
  return lines;
}

function lineOf(label: string, amount: Amount, state: State, width: number, isCount = false): Text {
  const right = rightOf(amount, state, width, isCount);
  const used = right.reduce((sum, { width: own }) => sum + GAP.length + own, 0);
  const rest = Math.max(0, width - used);
  const bar = width < WITH_BAR ? 0 : Math.min(LONGEST_BAR, Math.floor(rest * 0.4));
  const left = fit(label, bar === 0 ? rest : rest - bar - GAP.length);
  const parts = [
    left,
    ...(bar === 0 ? [] : [barOf(amount, bar)]),
    ...right.map(({ text }) => text),
  ];
  return joined(parts, GAP);
}

interface Field {
  readonly text: Text;
  readonly width: number;
}

/** What stands on the right, each of the same width in every line. */
function rightOf(
  { bytes, size, rate }: Amount,
  state: State,
  width: number,
  isCount: boolean,
): readonly Field[] {
  const fields: Field[] = [];
  const add = (text: string, own: number): void => {
    fields.push({ text: pad(text, own, "right"), width: own });
  };
  const total = size === undefined ? "" : ` / ${formatSize(size)}`;
  if (isCount) {
    // The number stands on the left already.
  } else if (width >= WITH_SIZE) add(`${formatSize(bytes)}${total}`, SIZE * 2 + 3);
  else if (width >= WITH_BYTES) add(formatSize(bytes), SIZE);
  const room = width >= WITH_RATE ? RATE + GAP.length + CLOCK : 0;
  if (state.is !== "moving") {
    // Narrow terminals have either this or the percentage.
    const text = describe(state, room === 0);
    if (room > 0) add(percent(bytes, size), PERCENT);
    const look = state.is === "stalled" || state.is === "retrying" ? "warning" : "secondary";
    const own = room === 0 ? Bun.stringWidth(text) : room;
    fields.push({ text: joined([marked(look, fit(text, Math.min(own, width)))]), width: own });
    return fields;
  }
  add(percent(bytes, size), PERCENT);
  if (room === 0) return fields;
  const left = size === undefined || rate < 1 ? "" : formatClock((size - bytes) / rate);
  const unit = isCount ? formatCount : formatSize;
  add(rate < 1 ? "" : `${unit(Math.round(rate))}/s`, RATE);
  fields.push({ text: marked("secondary", pad(left, CLOCK, "right")), width: CLOCK });
  return fields;
}

function describe(state: State, short: boolean): string {
  switch (state.is) {
    case "moving":
      return "";
    case "connecting":
      return short ? "connecting" : "connecting again";
    case "waiting":
      return "waiting";
    case "unanswered":
      return short ? "waiting" : "waiting for the server";
    case "stalled":
      return short ? "stalled" : `stalled for ${formatClock(state.ms / 1000)}`;
    case "retrying": {
      const seconds = Math.max(1, Math.ceil(state.ms / 1000));
      return short ? `retry ${seconds} s` : `retrying in ${seconds} s`;
    }
  }
}

/** `12/340`, with a `+` while more may be found. */
function countOf(
  {
    done,
    files,
    allFound,
    isCount = false,
  }: { done: number; files: number; allFound: boolean; isCount?: boolean },
  width: number,
): string {
  const counted = `${formatCount(done)}/${formatCount(files)}${allFound ? "" : "+"}`;
  return width >= WITH_BYTES && !isCount ? `${counted} files` : counted;
}

/** Never 100 % before all is there. */
function percent(bytes: number, size: number | undefined): string {
  if (size === undefined) return "";
  return `${size === 0 ? 100 : Math.min(100, Math.floor((bytes / size) * 100))}%`;
}

function barOf({ bytes, size }: Amount, width: number): Text {
  const share = size === undefined ? 0 : size === 0 ? 1 : Math.min(1, bytes / size);
  const filled = Math.floor(share * width);
  return joined([
    marked("good", "━".repeat(filled)),
    marked("secondary", "─".repeat(width - filled)),
  ]);
}
