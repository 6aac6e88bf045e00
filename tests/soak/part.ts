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
   * Tries once. Throws what went wrong.
   * @param index the trial's number: all that differs between trials comes from it and from `random`
   * @returns what it was that was tried, for the counts
   */
  trial(random: Random, index: number): Promise<string>;
  /** Looks at what has to hold when all is over. Throws what does not. */
  end?(): Promise<void>;
}

/** Something does not hold that is promised. */
export class Broken extends Error {
  override readonly name = "Broken";
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
