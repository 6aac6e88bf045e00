import { Random } from "../support/random.ts";
import type { Part, Stage } from "./part.ts";

/** How much is tried. */
export interface Extent {
  readonly seed: number;
  /** The number of the first trial. */
  readonly from: number;
  readonly count?: number | undefined;
  readonly seconds?: number | undefined;
}

/** What became of a part. */
export interface Outcome {
  readonly part: Part;
  readonly done: number;
  readonly failures: readonly string[];
  readonly seconds: number;
  /** How often what was tried. */
  readonly tally: ReadonlyMap<string, number>;
}

/** Only a trial that hangs takes this long, in milliseconds. */
const HANG_MS = 180_000;
/** A part that fails so often has failed enough. */
const MOST_FAILURES = 3;
/** How often is said how far it is, in milliseconds. */
const REPORT_MS = 15_000;

/** Tries a part, and says on standard error how far it is. */
export async function runPart(part: Part, extent: Extent): Promise<Outcome> {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const failures: string[] = [];
  const tally = new Map<string, number>();
  const { seed, from } = extent;
  const seconds = extent.seconds ?? (extent.count === undefined ? part.seconds : undefined);
  let until = extent.count ?? (seconds === undefined ? part.count : Infinity);
  let next = 0;
  let done = 0;
  const fail = (what: string, error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    failures.push(`${part.name}, ${what}: ${text}`);
    console.error(`FAILED ${failures.at(-1)}`);
  };
  const goesOn = (): boolean =>
    next < until && failures.length < MOST_FAILURES && !(elapsed() >= (seconds ?? Infinity));
  if (part.skipped !== undefined) return { part, done, failures, seconds: 0, tally };
  console.error(`${part.name}: ${part.about} (seed ${seed})`);
  const report = setInterval(() => console.error(`${part.name}: ${done}`), REPORT_MS);
  try {
    await using stage = await part.begin(seed);
    until = Math.min(until, (stage.total ?? Infinity) - from);
    const lane = async (): Promise<void> => {
      while (goesOn()) {
        // A trial that waits for nothing would leave no time to say how far it is.
        await Bun.sleep(0);
        const index = from + next++;
        try {
          const what = await within(stage.trial(randomOf(seed, index), index));
          tally.set(what, (tally.get(what) ?? 0) + 1);
        } catch (error) {
          fail(`trial ${index} (repeat: ${repeat(part, seed, index)})`, error);
        }
        done++;
      }
    };
    await Promise.all(Array.from({ length: part.lanes ?? 1 }, lane));
    if (failures.length === 0) await atEnd(stage, fail);
  } catch (error) {
    fail("on the whole", error);
  } finally {
    clearInterval(report);
  }
  return { part, done, failures, seconds: elapsed(), tally };
}

async function atEnd(stage: Stage, fail: (what: string, error: unknown) => void): Promise<void> {
  try {
    await stage.end?.();
  } catch (error) {
    fail("at the end", error);
  }
}

/** What a trial draws from: the same for the same seed and number, whatever ran before. */
function randomOf(seed: number, index: number): Random {
  return new Random(Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b));
}

function repeat(part: Part, seed: number, index: number): string {
  return `npm run soak -- ${part.name} --seed ${seed} --from ${index} --count 1`;
}

async function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it hangs")), HANG_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The outcomes as a table for people. */
export function tableOf(outcomes: readonly Outcome[], seed: number): string {
  const rows = outcomes.map(({ part, done, failures, seconds, tally }) => [
    part.name,
    part.skipped === undefined ? String(done) : "skipped",
    String(failures.length),
    `${seconds.toFixed(0)} s`,
    part.skipped ?? [...tally].map(([what, count]) => `${count} ${what}`).join(", "),
  ]);
  const all = [["part", "trials", "failed", "time", "what"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const lines = all.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
  );
  return `${lines.join("\n")}\nseed ${seed}`;
}
