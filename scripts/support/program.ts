import { Transcript } from "../../tests/support/transcript.ts";

/** A program that is written to and read from by lines; killed by `await using`. */
export class Program implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #output = new Transcript();
  readonly #followed: Promise<unknown>;
  #linesRead = 0;

  constructor(command: string[], cwd: string) {
    this.#process = Bun.spawn(command, { cwd, stdio: ["pipe", "pipe", "pipe"] });
    this.#followed = Promise.all([
      this.#output.follow(this.#process.stdout),
      this.#output.follow(this.#process.stderr),
    ]).then(() => this.#output.end());
  }

  /** All that it wrote so far. */
  get output(): string {
    return this.#output.text;
  }

  /** Hands it a line. */
  type(line: string): void {
    void this.#process.stdin.write(`${line}\n`);
    void this.#process.stdin.flush();
  }

  /** The next line that it writes. */
  async line(): Promise<string> {
    const lines = new RegExp(`^(?:.*\\n){${this.#linesRead + 1}}`);
    await this.#output.waitFor(lines).catch(() => {
      throw new Error("The program ended instead of answering.");
    });
    return this.output.split("\n")[this.#linesRead++] ?? "";
  }

  /** Waits for its end, and gives its exit status. */
  async ended(): Promise<number> {
    await this.#followed;
    return this.#process.exited;
  }

  /** Asks it to stop, and gives its exit status. */
  stop(): Promise<number> {
    this.#process.kill("SIGTERM");
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
