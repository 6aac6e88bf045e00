import { BINARY, cleanEnvironment } from "./programs.ts";
import { Transcript } from "./transcript.ts";

/** Sequences that move the cursor or colour the text, which a person does not see. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** For how long what a program showed last may still arrive after its end, in milliseconds. */
const LAST_WORDS_MS = 2000;

/** The binary in a pseudo-terminal, as a person sits in front of it. */
export class TerminalProgram implements AsyncDisposable {
  readonly process: Bun.Subprocess;
  readonly #screen = new Transcript();
  readonly #terminal: Bun.Terminal;

  constructor(
    args: readonly string[],
    cwd: string,
    options: { readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    const decoder = new TextDecoder();
    this.#terminal = new Bun.Terminal({
      cols: 120,
      rows: 40,
      data: (_, piece) => this.#screen.add(decoder.decode(piece, { stream: true })),
    });
    this.process = Bun.spawn([BINARY, ...args], {
      terminal: this.#terminal,
      env: cleanEnvironment({ TERM: "xterm", ...options.env }),
      cwd,
    });
    void this.process.exited.then(() => setTimeout(() => this.#screen.end(), LAST_WORDS_MS));
  }

  /** All that it has shown, without the sequences that a terminal obeys. */
  get screen(): string {
    return this.#screen.text.replace(ESCAPES, "");
  }

  /** What it wrote, byte for byte. */
  get raw(): string {
    return this.#screen.text;
  }

  /** Whether the terminal shows what is typed: termios(3), ECHO in `c_lflag`. */
  get echoes(): boolean {
    return (this.#terminal.localFlags & 0o10) !== 0;
  }

  /** Presses keys. Gives how much was on the screen before. */
  press(keys: string): number {
    const before = this.#screen.text.length;
    this.#terminal.write(keys);
    return before;
  }

  /** Types a line, and waits for what the pattern matches behind it. */
  async type(line: string, awaited: RegExp): Promise<RegExpExecArray> {
    return this.#screen.waitFor(awaited, this.press(`${line}\r`));
  }

  /** Waits for what the pattern matches. */
  waitFor(awaited: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.#screen.waitFor(awaited, from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
    this.#terminal.close();
  }
}
