import { BINARY, killAll } from "../support/programs.ts";
import { Random } from "../support/random.ts";
import { Broken, Void, type Part, type Stage } from "./part.ts";

/** How much is tried. */
export interface Extent {
  readonly seed: number;
  /** The number of the first trial. */
  readonly from: number;
  /** So many trials at most, those without a result included. */
  readonly count?: number | undefined;
  /** For so long; at least one trial is made. */
  readonly seconds?: number | undefined;
  /** The one trial that is made, by its name. */
  readonly named?: string | undefined;
}

/** What became of a part. */
export interface Outcome {
  readonly part: Part;
  /** Trials that tried something, failed ones included. */
  readonly tried: number;
  readonly failures: readonly string[];
  readonly seconds: number;
  /** How often what was tried. */
  readonly tally: ReadonlyMap<string, number>;
  /** How often nothing was tried, by the reason. */
  readonly voids: ReadonlyMap<string, number>;
}

/** What stands in front of a failure in which a promise does not hold. */
export const BROKEN = "a promise is broken";

/** How long something takes that hangs, in milliseconds. */
export interface Patience {
  /** A trial, the look at the end, or tidying up. */
  readonly trial: number;
  /** What a part sets up, which may be a build and many traces. */
  readonly begin: number;
}

/** Only what hangs takes this long. */
const PATIENCE: Patience = { trial: 180_000, begin: 300_000 };
/** How long a trial that was given up may take to end once its programs are killed. */
const STOP_MS = 10_000;
/** A part that fails so often has failed enough. */
const MOST_FAILURES = 3;
/** How often is said how far it is, in milliseconds. */
const REPORT_MS = 15_000;

/** Something took longer than it may. */
class Hang extends Error {
  override readonly name = "Hang";
}

/** Tries a part, and says on standard error how far it is. */
export async function runPart(part: Part, extent: Extent, patience = PATIENCE): Promise<Outcome> {
  const run = new Run(part, extent, patience);
  if (part.skipped === undefined) await run.all();
  return run.outcome;
}

class Run {
  readonly #part: Part;
  readonly #extent: Extent;
  readonly #patience: Patience;
  readonly #started = performance.now();
  readonly #failures: string[] = [];
  readonly #tally = new Map<string, number>();
  readonly #voids = new Map<string, number>();
  #tried = 0;
  #next = 0;
  #hangs = false;

  constructor(part: Part, extent: Extent, patience: Patience) {
    this.#patience = patience;
    this.#part = part;
    this.#extent = extent;
  }

  get outcome(): Outcome {
    return {
      part: this.#part,
      tried: this.#tried,
      failures: this.#failures,
      seconds: this.#elapsed,
      tally: this.#tally,
      voids: this.#voids,
    };
  }

  get #elapsed(): number {
    return (performance.now() - this.#started) / 1000;
  }

  async all(): Promise<void> {
    const { name, about } = this.#part;
    console.error(`${name}: ${about} (seed ${this.#extent.seed})`);
    const report = setInterval(() => console.error(`${name}: ${this.#next}`), REPORT_MS);
    try {
      const stage = await within(
        this.#part.begin(this.#extent.seed),
        "its beginning",
        this.#patience.begin,
      );
      try {
        await this.#trials(stage);
        if (this.#failures.length === 0) await this.#end(stage);
      } finally {
        await within(stage[Symbol.asyncDispose](), "tidying up", this.#patience.trial);
      }
      this.#look();
    } catch (error) {
      this.#fail("on the whole", error);
      if (error instanceof Hang) await killAll();
    } finally {
      clearInterval(report);
    }
  }

  async #trials(stage: Stage): Promise<void> {
    const { first, limit } = rangeOf(stage, this.#part, this.#extent);
    const lane = async (): Promise<void> => {
      while (this.#goesOn(limit)) {
        // Nothing may come between the question and the number.
        const index = first + this.#next++;
        // A trial that waits for nothing would leave no time to say how far it is.
        await Bun.sleep(0);
        await this.#trial(stage, index);
      }
    };
    await Promise.all(Array.from({ length: this.#part.lanes ?? 1 }, lane));
  }

  #goesOn(limit: number): boolean {
    const { seconds = secondsOf(this.#part, this.#extent) } = this.#extent;
    const isTime = this.#next === 0 || this.#elapsed < seconds;
    return isTime && this.#next < limit && this.#failures.length < MOST_FAILURES && !this.#hangs;
  }

  async #trial(stage: Stage, index: number): Promise<void> {
    const work = stage.trial(randomOf(this.#extent.seed, index), index);
    try {
      const what = await within(work, "it", this.#patience.trial);
      if (what instanceof Void) count(this.#voids, what.why);
      else count(this.#tally, what);
      if (what instanceof Void) return;
    } catch (error) {
      // Their programs were killed for another that hangs: that says nothing of them.
      if (this.#hangs) return;
      const which = `trial ${index} (repeat: ${this.#repeat(index, stage.nameOf?.(index))})`;
      if (!(error instanceof Hang)) this.#fail(which, error);
      else this.#fail(which, `${error.message}${await this.#giveUp(work)}`);
    }
    this.#tried++;
  }

  /** Ends a trial that hangs, and all beside it. The part is over with that. */
  async #giveUp(work: Promise<unknown>): Promise<string> {
    this.#hangs = true;
    await killAll();
    const ended = work.then(
      () => "",
      () => "",
    );
    const goesOn = Bun.sleep(STOP_MS).then(
      () => "; it cannot be stopped, and goes on beside what follows",
    );
    return Promise.race([ended, goesOn]);
  }

  async #end(stage: Stage): Promise<void> {
    try {
      await within(stage.end?.() ?? Promise.resolve(), "the look at the end", this.#patience.trial);
    } catch (error) {
      this.#fail("at the end", error);
      if (error instanceof Hang) await killAll();
    }
  }

  /** A part that has tried nothing has not passed. */
  #look(): void {
    if (this.#tried > 0 || this.#failures.length > 0) return;
    this.#fail("on the whole", `nothing was tried: ${listOf(this.#voids) || "there was no trial"}`);
  }

  #fail(what: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const kind = error instanceof Broken ? `${BROKEN}: ` : "";
    this.#failures.push(`${this.#part.name}, ${what}: ${kind}${text}`);
    console.error(`FAILED ${this.#failures.at(-1)}`);
  }

  /** The command that makes one trial again, with what is missing in the program. */
  #repeat(index: number, name: string | undefined): string {
    const { SFTP_SABOTAGE: missing, SFTP_LAB_BINARY: lab } = process.env;
    const isOther = process.env["SFTP_BINARY"] !== undefined;
    const variables = [
      ...(isOther ? [`SFTP_BINARY=${BINARY}`] : []),
      ...(lab === undefined ? [] : [`SFTP_LAB_BINARY=${lab}`]),
      ...(missing === undefined ? [] : [`SFTP_SABOTAGE=${missing}`]),
    ];
    const which = name === undefined ? `--from ${index} --count 1` : `--case '${name}'`;
    const command = `npm run soak -- ${this.#part.name} --seed ${this.#extent.seed} ${which}`;
    return [...variables, command].join(" ");
  }
}

/** @throws where there is no such trial */
function rangeOf(
  stage: Stage,
  part: Part,
  { named, from, count: wanted, ...extent }: Extent,
): { readonly first: number; readonly limit: number } {
  if (named !== undefined) {
    const first = stage.find?.(named);
    if (first === undefined) throw new Error(`there is no case ${named}`);
    return { first, limit: 1 };
  }
  const left = (stage.total ?? Infinity) - from;
  if (left <= 0) throw new Error(`there is no trial ${from}, only ${stage.total} of them`);
  const timed = extent.seconds !== undefined || part.seconds !== undefined;
  return { first: from, limit: Math.min(wanted ?? (timed ? Infinity : part.count), left) };
}

/** How long a part goes on that is given no time. */
function secondsOf({ seconds }: Part, extent: Extent): number {
  return extent.count === undefined ? (seconds ?? Infinity) : Infinity;
}

/** What a trial draws from: the same for the same seed and number, whatever ran before. */
function randomOf(seed: number, index: number): Random {
  return new Random(Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b));
}

/** @throws {Hang} when it has taken too long; what it does goes on */
async function within<T>(work: PromiseLike<T>, what: string, most: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Hang(`${what} hangs`)), most);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, times]) => `${times} ${what}`).join(", ");
}

/** The outcomes as a table for people. */
export function tableOf(outcomes: readonly Outcome[], seed: number): string {
  const rows = outcomes.map(({ part, tried, failures, seconds, tally, voids }) => [
    part.name,
    part.skipped === undefined ? String(tried) : "skipped",
    String([...voids.values()].reduce((sum, one) => sum + one, 0)),
    String(failures.length),
    `${seconds.toFixed(0)} s`,
    part.skipped ?? `${listOf(tally)}${voids.size > 0 ? `; void: ${listOf(voids)}` : ""}`,
  ]);
  const all = [["part", "tried", "void", "failed", "time", "what"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const lines = all.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
  );
  return `${lines.join("\n")}\nseed ${seed}`;
}
