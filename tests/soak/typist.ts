import { until } from "../support/files.ts";
import { ClientProcess } from "../support/programs.ts";
import type { ClientEvent } from "../support/resume.ts";

/** A client that lives on, and is given one command after the other. */
export class Typist implements AsyncDisposable {
  readonly program: ClientProcess;
  #read = 0;

  private constructor(program: ClientProcess) {
    this.program = program;
  }

  static async start(root: string): Promise<Typist> {
    const typist = new Typist(ClientProcess.start(root, ["--json", "--timeout", "60"]));
    // It runs, and has open what it always has, when it has carried out something.
    await typist.#carryOut("");
    return typist;
  }

  /** Has a command carried out over a connection of its own, and gives what is told of it. */
  async run(port: number, command: string): Promise<ClientEvent[]> {
    return this.#carryOut(`-OPEN ${port}\n-${command}\n-CLOSE\n`);
  }

  async #carryOut(lines: string): Promise<ClientEvent[]> {
    // The last command fails always, and so tells that the others are over.
    this.program.type(`${lines}-LLS no-such-folder`);
    const over = (): boolean => this.program.stdout.includes("no-such-folder", this.#read);
    await until(() => over() || this.program.process.exitCode !== null);
    const end = this.program.stdout.indexOf(
      "\n",
      this.program.stdout.indexOf("no-such-folder", this.#read),
    );
    const told = this.program.stdout.slice(this.#read, end).split("\n");
    this.#read = end + 1;
    return told.filter((line) => line !== "").map((line): ClientEvent => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
