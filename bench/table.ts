import type { Sample } from "./measure.ts";
import type { Work } from "./work.ts";

/** What one peer came to. */
export interface Outcome {
  readonly peer: string;
  readonly samples: readonly Sample[];
}

/** What was measured of one work, ours first. */
export interface Result {
  readonly work: string;
  readonly title: string;
  readonly unit: Work["unit"];
  /** Bytes that were moved; 0 where it is not about that. */
  readonly bytes: number;
  readonly outcomes: readonly Outcome[];
  readonly skipped: readonly string[];
}

const HEAD = [
  "",
  "median",
  "spread",
  "ours is",
  "server CPU",
  "client CPU",
  "server mem",
  "client mem",
];
const KIB = 1024;
const GB = 1e9;

/** The figures of a work, a row for each peer. */
export function tableOf(result: Result): string[][] {
  const ours = medianOf(result.outcomes[0]?.samples ?? []);
  const rows = result.outcomes.map(({ peer, samples }, index) => {
    const values = samples.map(({ value }) => value);
    const median = medianOf(samples);
    return [
      peer,
      formatValue(median, result),
      `${formatValue(Math.min(...values), result)} to ${formatValue(Math.max(...values), result)}`,
      index === 0 ? "" : `${(median / ours).toFixed(2)} x`,
      ...(["serverCpu", "clientCpu"] as const).map((key) => cpu(samples, key, result.bytes)),
      ...(["serverMemory", "clientMemory"] as const).map((key) => memory(samples, key)),
    ];
  });
  return [HEAD, ...rows];
}

/** How many times better we are than the best peer that is no limit; `undefined` without one. */
export function ratioOf({ outcomes }: Result): { ratio: number; peer: string } | undefined {
  const [ours, ...others] = outcomes;
  if (ours === undefined) return undefined;
  const [best] = others
    .filter(({ peer }) => !peer.includes("limit"))
    .toSorted((a, b) => medianOf(a.samples) - medianOf(b.samples));
  if (best === undefined) return undefined;
  return { ratio: medianOf(best.samples) / medianOf(ours.samples), peer: best.peer };
}

/** A table as plain text. */
export function plain(rows: readonly (readonly string[])[]): string {
  return padded(rows)
    .map((row) => row.join("  ").trimEnd())
    .join("\n");
}

/** A table as Markdown, as the formatter leaves it. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = padded(rows);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(({ length }) => "-".repeat(length))), ...body.map(line)].join(
    "\n",
  );
}

function padded(rows: readonly (readonly string[])[]): string[][] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
}

export function medianOf(samples: readonly Sample[]): number {
  const values = samples.map(({ value }) => value).toSorted((a, b) => a - b);
  const middle = values.length >> 1;
  const upper = values[middle] ?? 0;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? upper) + upper) / 2;
}

function formatValue(value: number, { unit }: Result): string {
  if (unit === "bytes") return `${(value / KIB).toFixed(1)} KiB`;
  return value < 0.1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`;
}

/** CPU seconds for a GB, or in all where nothing much is moved. */
function cpu(samples: readonly Sample[], key: "serverCpu" | "clientCpu", bytes: number): string {
  const values = samples.map((sample) => sample[key]).filter((value) => value !== undefined);
  if (values.length === 0) return "";
  const median = medianOf(values.map((value) => ({ value })));
  return bytes >= GB / 10 ? `${((median / bytes) * GB).toFixed(2)} s/GB` : `${median.toFixed(3)} s`;
}

function memory(samples: readonly Sample[], key: "serverMemory" | "clientMemory"): string {
  const values = samples.map((sample) => sample[key]).filter((value) => value !== undefined);
  const most = Math.max(0, ...values);
  return most === 0 ? "" : `${(most / KIB / KIB).toFixed(0)} MiB`;
}
