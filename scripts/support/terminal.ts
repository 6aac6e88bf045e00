/** A program in a real pseudo-terminal, with someone who types and reads. */
export class TerminalSession implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  readonly #decoder = new TextDecoder();
  #output = "";
  #wake: () => void = () => undefined;
  #ended = false;

  constructor(
    command: string[],
    options: {
      readonly cols: number;
      readonly rows: number;
      readonly cwd: string;
      readonly env: Record<string, string>;
    },
  ) {
    const { cols, rows, cwd, env } = options;
    const data = (_: Bun.Terminal, piece: Uint8Array): void => {
      this.#output += this.#decoder.decode(piece, { stream: true });
      this.#wake();
    };
    this.#process = Bun.spawn(command, { cwd, env, terminal: { cols, rows, data } });
    void this.#process.exited.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** All that the terminal was sent so far, escape sequences included. */
  get output(): string {
    return this.#output;
  }

  /** Types a line and waits until what is then written matches, escape sequences left out. */
  type(line: string, until: RegExp): Promise<void> {
    return this.press(`${line}\r`, until);
  }

  /** Presses keys and waits like `type`. */
  press(keys: string, until: RegExp): Promise<void> {
    const from = this.#output.length;
    this.#process.terminal?.write(keys);
    return this.waitFor(until, from);
  }

  /** Waits until what was written from an offset on matches. */
  async waitFor(pattern: RegExp, from = 0): Promise<void> {
    while (!pattern.test(Bun.stripANSI(this.#output.slice(from)))) {
      if (this.#ended) throw new Error(`The program ended in its terminal:\n${this.#output}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    this.#process.terminal?.close();
  }
}
