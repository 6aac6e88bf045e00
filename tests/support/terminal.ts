import { Terminal as Emulator } from "@xterm/headless";
import { BINARY, cleanEnvironment } from "./programs.ts";
import { Transcript } from "./transcript.ts";

/** Sequences that move the cursor or colour the text, which a person does not see. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** How high the terminal is. */
const ROWS = 40;
/** For how long what a program showed last may still arrive after its end, in milliseconds. */
const LAST_WORDS_MS = 2000;

/** The binary in a pseudo-terminal, as a person sits in front of it. */
export class TerminalProgram implements AsyncDisposable {
  readonly process: Bun.Subprocess;
  readonly #screen = new Transcript();
  readonly #terminal: Bun.Terminal;
  readonly #emulator: Emulator;
  #hasEnded = false;
  readonly #looks = new Set<() => void>();

  constructor(
    args: readonly string[],
    cwd: string,
    options: { readonly env?: Readonly<Record<string, string>>; readonly columns?: number } = {},
  ) {
    const { columns = 120 } = options;
    this.#emulator = new Emulator({ cols: columns, rows: ROWS, allowProposedApi: true });
    const decoder = new TextDecoder();
    this.#terminal = new Bun.Terminal({
      cols: columns,
      rows: ROWS,
      data: (_, piece) => {
        this.#emulator.write(piece, () => this.#look());
        this.#screen.add(decoder.decode(piece, { stream: true }));
      },
    });
    this.process = Bun.spawn([BINARY, ...args], {
      terminal: this.#terminal,
      env: cleanEnvironment({ TERM: "xterm", ...options.env }),
      cwd,
    });
    const end = (): void => {
      this.#hasEnded = true;
      this.#screen.end();
      this.#look();
    };
    void this.process.exited.then(() => setTimeout(end, LAST_WORDS_MS));
  }

  #look(): void {
    for (const look of this.#looks) look();
  }

  /** All that it has shown, without the sequences that a terminal obeys. */
  get screen(): string {
    return this.#screen.text.replace(ESCAPES, "");
  }

  /** The lines that a person sees, and could scroll back to, without the empty ones at the end. */
  get seen(): string {
    const { active } = this.#emulator.buffer;
    const lines = Array.from({ length: active.length }, (_, line) =>
      (active.getLine(line)?.translateToString(true) ?? "").trimEnd(),
    );
    return lines.join("\n").trimEnd();
  }

  /** Waits until a person sees what the pattern matches. */
  async waitToSee(awaited: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = awaited.exec(this.seen);
      if (match !== null) return match;
      if (this.#hasEnded) throw new Error(`Never seen: ${awaited}: ${this.seen}`);
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#looks.delete(look);
          resolve();
        };
        this.#looks.add(look);
      });
    }
  }

  /** Gives the terminal another width. */
  resize(columns: number): void {
    this.#emulator.resize(columns, ROWS);
    this.#terminal.resize(columns, ROWS);
    // As the kernel tells the programs of a terminal that controls them.
    this.process.kill("SIGWINCH");
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
