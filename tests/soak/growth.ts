import type { RunningProgram } from "../support/programs.ts";
import { must } from "./part.ts";

const MIB = 1024 * 1024;
/** What a program may hold more at the end than when it had warmed up, in bytes. */
const MOST = 64 * MIB;
/** What the thread for small files has open, which begins when it is first of use, and stays. */
export const THREAD_DESCRIPTORS = 2;
/** How long a program may take to give back what it no longer needs, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Holds a program to ending where it began: in memory, and in open descriptors. */
export class Growth {
  readonly #program: RunningProgram;
  /** Trials after which it counts as warmed up. */
  readonly #warm: number;
  #trials = 0;
  #isMeasured = false;
  #memory: number | undefined;
  #descriptors: number | undefined;

  constructor(program: RunningProgram, warm: number) {
    this.#program = program;
    this.#warm = warm;
  }

  /** To be called before each trial. */
  async look(): Promise<void> {
    this.#descriptors ??= this.#program.descriptors;
    if (this.#trials++ < this.#warm) return;
    if (this.#isMeasured) return;
    this.#isMeasured = true;
    this.#memory = await this.#program.memory();
  }

  /**
   * @returns by how much its memory has grown, in words
   * @throws {Broken} where it holds more than it did
   */
  async check(): Promise<string> {
    const descriptors = (this.#descriptors ?? 0) + THREAD_DESCRIPTORS;
    await soon(
      () => `${this.#program.descriptors} descriptors are open where ${descriptors} may be`,
      () => this.#program.descriptors <= descriptors,
    );
    if (this.#memory === undefined) {
      return `an amount not measured: it has warmed up after ${this.#warm} trials`;
    }
    const grown = (await this.#program.memory()) - this.#memory;
    must(grown < MOST, `it holds ${Math.round(grown / MIB)} MiB more than when it had warmed up`);
    return `${Math.round(grown / MIB)} MiB`;
  }
}

/** Waits for what comes true by itself within a time that only a fault can miss. */
export async function soon(
  otherwise: string | (() => string),
  holds: () => boolean,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    must(performance.now() < deadline, otherwise);
    await Bun.sleep(5);
  }
}
