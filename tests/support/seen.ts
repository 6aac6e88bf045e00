import { readFileSync } from "node:fs";
import { Terminal } from "@xterm/headless";

const COLUMNS = 100;
const ROWS = 30;
/** Only what hangs takes so long to show something, in milliseconds. */
const HANG_MS = 30_000;

/** A program in a pseudo-terminal, and its screen as a person sees it. */
export class SeenProgram implements AsyncDisposable {
  readonly process: Bun.Subprocess;
  readonly #pty: Bun.Terminal;
  readonly #screen = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  readonly #waiting: (() => void)[] = [];
  #ended = false;
  #raw = "";

  constructor(
    command: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    this.#pty = new Bun.Terminal({
      cols: COLUMNS,
      rows: ROWS,
      data: (_, piece) => {
        this.#raw += Buffer.from(piece).toString("latin1");
        this.#screen.write(piece, () => this.#wake());
      },
    });
    // What asks the terminal something, such as where its cursor is, gets an answer.
    this.#screen.onData((answer) => this.#pty.write(answer));
    this.process = Bun.spawn([...command], {
      terminal: this.#pty,
      cwd: options.cwd,
      env: { TERM: "xterm", ...options.env },
    });
    void this.process.exited.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** All that is on the screen, and what has scrolled off it. */
  get text(): string {
    const buffer = this.#screen.buffer.active;
    const rows = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row));
    return rows
      .map((line) => line?.translateToString(true) ?? "")
      .join("\n")
      .trimEnd();
  }

  /** The line that the cursor stands in, up to the cursor. */
  get line(): string {
    const { active } = this.#screen.buffer;
    const row = active.getLine(active.baseY + active.cursorY);
    return row?.translateToString(false, 0, active.cursorX) ?? "";
  }

  /** What was written to the terminal, byte for byte. */
  get raw(): string {
    return this.#raw;
  }

  /** Presses keys. */
  press(keys: string): void {
    this.#pty.write(keys);
  }

  /**
   * Presses keys of which nothing is shown, and waits until the program has read them, as Linux
   * tells; elsewhere it is only likely.
   */
  async pressUnseen(keys: string): Promise<void> {
    const before = this.#bytesRead;
    this.press(keys);
    while (this.#bytesRead < before + keys.length && !this.#ended) await Bun.sleep(1);
  }

  /** How much it has read from anywhere: proc_pid_io(5). */
  get #bytesRead(): number {
    if (process.platform !== "linux") return Number.POSITIVE_INFINITY;
    const facts = readFileSync(`/proc/${this.process.pid}/io`, "utf8");
    return Number(/^rchar: (\d+)$/m.exec(facts)?.[1]);
  }

  /** Waits until what stands before the cursor is this. */
  async standsAt(line: string | RegExp): Promise<void> {
    const is = typeof line === "string" ? () => this.line === line : () => line.test(this.line);
    await this.#until(is, String(line));
  }

  /** Waits until the screen shows this. */
  async shows(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.text), String(pattern));
  }

  async #until(is: () => boolean, what: string): Promise<void> {
    const started = performance.now();
    const deadline = setTimeout(() => this.#wake(), HANG_MS);
    try {
      while (!is()) {
        const late = performance.now() - started >= HANG_MS;
        if (this.#ended || late) throw new Error(`${what} did not come:\n${this.text}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
    this.#pty.close();
    this.#screen.dispose();
  }
}
