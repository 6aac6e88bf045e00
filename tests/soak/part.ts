import type { Random } from "../support/random.ts";

/** One kind of strain that the programs are put under. */
export interface Part {
  readonly name: string;
  /** What is tried, in a few words. */
  readonly about: string;
  /** How often it is tried where nothing else is said. */
  readonly count: number;
  /** How often in the sample that every change is tried with. */
  readonly sample: number;
  /** For how long in the place of a count, in seconds. */
  readonly seconds?: number;
  /** How many are tried at the same time; one where left out. */
  readonly lanes?: number;
  /** Why it cannot be tried on this machine. */
  readonly skipped?: string | undefined;
  /** Sets up what all trials need. */
  begin(seed: number): Promise<Stage>;
}

/** Where the trials of a part are made. */
export interface Stage extends AsyncDisposable {
  /** How many trials there are, where they are not without end. */
  readonly total?: number;
  /**
   * Tries once. Throws what went wrong, a `Broken` where a promise does not hold.
   * @param index the trial's number: all that a trial chooses comes from it and from `random`. What
   *   a machine does at its own pace, and in parts whose programs live through all trials what ran
   *   before, it does not decide.
   * @returns what it was that was tried, for the counts
   */
  trial(random: Random, index: number): Promise<string | Void>;
  /** The name of a trial, where it says more than its number. */
  nameOf?(index: number): string | undefined;
  /** The number of the trial with a name; `undefined` where there is none. */
  find?(name: string): number | undefined;
  /** Looks at what has to hold when all is over. Throws what does not. */
  end?(): Promise<void>;
}

/** Something does not hold that is promised. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** A trial that did not come to what it was to try, and so has tried nothing. */
export class Void {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** The same error, with where it happened in front of it. */
export function placed(where: string, cause: unknown): Error {
  const text = `${where}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return cause instanceof Broken ? new Broken(text, { cause }) : new Error(text, { cause });
}

/** @throws {Broken} where a promise does not hold */
export function must(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Broken(typeof what === "string" ? what : what());
}

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  const one = list[random.below(list.length)];
  if (one === undefined) throw new Error("there is nothing to pick from");
  return one;
}
