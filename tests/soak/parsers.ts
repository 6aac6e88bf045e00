import { readFileSync } from "node:fs";
import { join } from "node:path";
import { write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { Broken, must, type Part, type Stage } from "./part.ts";
import { Input } from "./parsers/inputs.ts";
import type { Answer, Asked } from "./parsers/program.ts";

const PROGRAM = join(import.meta.dir, "parsers/program.ts");
const INPUTS = 1000;
/** An input that takes so much of a processor's time is one that a parser hangs in, in seconds. */
const HANG_S = 20;
/** How often is looked whether it does, in milliseconds. */
const LOOK_MS = 1000;
/** What all inputs together may leave behind, in bytes. */
const MOST_LEFT = 64 * 1024 * 1024;

/** Has inputs parsed in a process of their own, which is killed where a parser never ends. */
export class Parsers implements Stage {
  readonly #folder = new TemporaryFolder();
  readonly #place = this.#folder.join("input");
  readonly #process: Bun.Subprocess;
  readonly #patience: number;
  #answered = Promise.withResolvers<Answer>();
  #before: number | undefined;

  /**
   * @param program what parses, and writes to the file that it is given which input this is
   * @param patience how much of a processor's time an input may take, in seconds
   */
  constructor(program = PROGRAM, patience = HANG_S) {
    this.#patience = patience;
    write(this.#place, "");
    this.#process = Bun.spawn([process.execPath, program, this.#place], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (answer: Answer) => this.#answered.resolve(answer),
    });
  }

  async trial(random: Random): Promise<string> {
    const seed = random.below(2 ** 32);
    const watch = this.#watch(seed);
    try {
      const answer = await this.#ask({ seed, inputs: INPUTS });
      if ("broken" in answer && answer.broken !== undefined) throw new Broken(answer.broken);
    } finally {
      clearInterval(watch);
    }
    this.#before ??= await this.#left();
    return "thousand inputs";
  }

  async end(): Promise<void> {
    const grown = (await this.#left()) - (this.#before ?? 0);
    must(grown < MOST_LEFT, `${grown} bytes are left of it`);
  }

  async #left(): Promise<number> {
    const answer = await this.#ask("left");
    return "left" in answer ? answer.left : 0;
  }

  async #ask(asked: Asked): Promise<Answer> {
    this.#answered = Promise.withResolvers();
    this.#process.send(asked);
    const ended = this.#process.exited.then((status) => {
      throw new Broken(`the parsers ended with ${status}`);
    });
    return Promise.race([this.#answered.promise, ended]);
  }

  /** Ends the process where it comes no further, and names the input that it is at. */
  #watch(seed: number): ReturnType<typeof setInterval> {
    let at = -1;
    let since = 0;
    return setInterval(() => {
      const used = secondsUsed(this.#process.pid);
      const now = this.#input();
      if (now !== at) [at, since] = [now, used];
      if (used - since < this.#patience) return;
      const what = `a parser hangs in input ${at} of ${seed}: ${String(new Input(seed, at))}`;
      this.#answered.resolve({ broken: what });
      this.#process.kill("SIGKILL");
    }, LOOK_MS);
  }

  /** The number of the input that is parsed. */
  #input(): number {
    const number = readFileSync(this.#place);
    return number.length < 8 ? -1 : number.readDoubleLE();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    this.#folder[Symbol.dispose]();
  }
}

/** The processor's time that a process has taken, in seconds (Linux); elsewhere that of the clock. */
function secondsUsed(pid: number): number {
  if (process.platform !== "linux") return performance.now() / 1000;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in brackets, may hold anything; the times are in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

export const parsers: Part = {
  name: "parsers",
  about: `every parser given damaged input, ${INPUTS} in a trial`,
  count: 10_000,
  sample: 100,
  begin: async () => new Parsers(),
};
