import type { Transferred } from "../client/transfer.ts";
import { formatSeconds, formatSize } from "../observe/units.ts";
import { formatDigest } from "../protocol/text.ts";
import type { Options } from "./command.ts";
import type { ShellContext } from "./context.ts";
import { joined, marked, type Text } from "./text.ts";

/** The shortest and the smallest transfer whose rate is told, in seconds and bytes. */
const LEAST_SECONDS = 0.1;
const LEAST_BYTES = 64 * 1024;
/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 250;

/** What is said of a file whose receiver has what its sender read. */
export const VERIFIED = marked("good", "verified");

/** What was moved, and where to. */
export interface Places {
  readonly remote: string;
  /** As people are told of it. */
  readonly local: string;
  /** The absolute path, for programs; left out where it is no file. */
  readonly at?: string;
}

/** Whether anybody is told of each of many files. */
export function isToldOfEach({ output, verbose }: ShellContext, options: Options): boolean {
  return output.isObserved || verbose || options.has("verbose");
}

/** The receipt of a transfer. */
export function report(
  { output, verbose, job }: ShellContext,
  options: Options,
  direction: "received" | "sent",
  { remote, local, at }: Places,
  { bytes, reused, digest, seconds }: Transferred,
  { one }: { readonly one: boolean } = { one: true },
): void {
  const detailed = verbose || options.has("verbose");
  // Of one of many only who asks for it is told.
  if (one) job.end();
  if (one || detailed) {
    const names = direction === "received" ? [remote, local] : [local, remote];
    const shown = names[0] === names[1] ? names[0] : names.join(" to ");
    const verb = direction === "received" ? "GET" : "PUT";
    const rate = rateOf(bytes - reused, seconds);
    const parts: Text[] = [
      `${verb} ${shown}: ${formatSize(bytes)} in ${formatSeconds(seconds)}${rate}`,
      ...(reused > 0 ? [`${formatSize(reused)} of it from an earlier try`] : []),
      VERIFIED,
      ...(detailed ? [`digest ${formatDigest(digest())}`] : []),
    ];
    output.say(joined(parts, ", "));
  }
  const places = { remote, local: at ?? local };
  const event = { event: "transferred", direction, ...places, bytes, reused } as const;
  output.observe({ ...event, digest: formatDigest(digest()), seconds });
}

/** The rate of a transfer in brackets; nothing where that would be chance. */
export function rateOf(bytes: number, seconds: number): string {
  if (bytes < LEAST_BYTES || seconds < LEAST_SECONDS) return "";
  return ` (${formatSize(Math.round(bytes / seconds))}/s)`;
}

/** Tells the progress of a transfer from time to time. */
export function progressOf(
  { output }: ShellContext,
  path: string,
): (bytes: number, size: number) => void {
  const started = performance.now();
  let told = started;
  // What an earlier try had brought is nobody's speed.
  let before: number | undefined;
  return (bytes, size) => {
    const now = performance.now();
    before = Math.min(before ?? bytes, bytes);
    if (now - told < PROGRESS_MS) return;
    told = now;
    const rate = Math.round((bytes - before) / ((now - started) / 1000));
    output.observe({ event: "progress", path, bytes, size, rate });
  };
}
