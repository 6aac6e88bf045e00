import { clearLine as eraseLine, createInterface, cursorTo, type Interface } from "node:readline";
import { formatAddress } from "../client/address.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import type { Shell } from "./shell.ts";

/**
 * Runs a shell for a person at a terminal, until QUIT or Ctrl-D.
 * @param screen where the prompt and what is typed are shown
 */
export async function runTerminal(
  shell: Shell,
  screen: NodeJS.WriteStream,
  say: (message: string) => void,
): Promise<Status> {
  const terminal = createInterface({
    input: process.stdin,
    output: screen,
    terminal: true,
    historySize: 1000,
  });
  const lines = new LineQueue(terminal, screen);
  let running = false;
  let leaving = false;
  shell.interject = (show) => {
    cursorTo(screen, 0);
    eraseLine(screen, 0);
    show();
    terminal.setPrompt(promptOf(shell));
    terminal.prompt(true);
  };
  shell.lend = async (work) => {
    // Ctrl-C then goes to both programs, and is the other's.
    const ignore = (): void => undefined;
    process.on("SIGINT", ignore);
    // Until the next prompt.
    terminal.pause();
    process.stdin.setRawMode(false);
    try {
      return await work();
    } finally {
      process.stdin.setRawMode(true);
      process.off("SIGINT", ignore);
    }
  };
  shell.ask = (question) => {
    terminal.setPrompt(visible(question));
    terminal.prompt();
    return lines.answer();
  };
  terminal.on("history", (history) => {
    if (lines.isAnswering) history.shift();
  });
  terminal.on("SIGINT", () => {
    if (running) {
      if (lines.isAnswering && terminal.line !== "") clearLine(terminal);
      lines.cancelAnswer();
      if (!shell.interrupt()) lines.leave(Status.interrupted);
    } else if (terminal.line !== "") {
      clearLine(terminal);
    } else if (leaving) {
      lines.leave(Status.interrupted);
    } else {
      leaving = true;
      screen.write("\n");
      say("Ctrl-C again, Ctrl-D or QUIT leaves.");
      terminal.prompt();
    }
  });
  for (;;) {
    terminal.setPrompt(promptOf(shell));
    if (!lines.ended) terminal.prompt();
    const line = await lines.next();
    if (typeof line !== "string") return line.status;
    leaving = false;
    running = true;
    // A second Ctrl-C leaves at once, whatever the command waits for; Ctrl-D lets it finish.
    const left = await Promise.race([shell.run(line).then(() => undefined), lines.left]);
    if (left !== undefined) return left;
    running = false;
    if (shell.hasQuit) {
      lines.close();
      return Status.ok;
    }
  }
}

function promptOf(shell: Shell): string {
  const { connectedTo, remoteFolder } = shell;
  if (connectedTo === undefined) return "sftp> ";
  const folder = remoteFolder.map((part) => `/${part}`).join("");
  return `sftp ${formatAddress(connectedTo.address)}${visible(folder)}> `;
}

/** Readline itself leaves what was typed where it is. */
function clearLine(terminal: Interface): void {
  terminal.write(null, { ctrl: true, name: "e" });
  terminal.write(null, { ctrl: true, name: "u" });
}

/** Lines that were typed, some of them while a command still ran. */
class LineQueue {
  readonly #terminal: Interface;
  readonly #lines: string[] = [];
  readonly #ended = Promise.withResolvers<{ readonly status: Status }>();
  readonly #left = Promise.withResolvers<Status>();
  /** Whether no more lines can be typed. */
  ended = false;
  #closing = false;
  #waiting: ((line: string) => void) | undefined;
  #answering: ((line: string) => void) | undefined;

  constructor(terminal: Interface, screen: NodeJS.WriteStream) {
    this.#terminal = terminal;
    terminal.on("line", (line) => {
      if (this.#answering !== undefined) {
        this.#answering(line);
      } else if (this.#waiting === undefined) {
        this.#lines.push(line);
      } else {
        this.#waiting(line);
        this.#waiting = undefined;
      }
    });
    terminal.on("close", () => {
      // Whoever left at the prompt is still on its line.
      if (!this.#closing) screen.write("\n");
      this.ended = true;
      this.cancelAnswer();
      this.#ended.resolve({ status: Status.ok });
    });
  }

  /** Whether what is typed answers a question of the command that runs. */
  get isAnswering(): boolean {
    return this.#answering !== undefined;
  }

  /** Settles when the user has left without waiting, with the status to leave with. */
  get left(): Promise<Status> {
    return this.#left.promise;
  }

  async next(): Promise<string | { readonly status: Status }> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    const typed = new Promise<string>((resolve) => (this.#waiting = resolve));
    return Promise.race([typed, this.#ended.promise]);
  }

  /** What is typed in answer to a question of the command that runs; `quit` where it is cancelled. */
  async answer(): Promise<string> {
    if (this.ended) return "quit";
    try {
      return await new Promise<string>((resolve) => (this.#answering = resolve));
    } finally {
      this.#answering = undefined;
    }
  }

  /** Gives no answer, because the user leaves or interrupts. */
  cancelAnswer(): void {
    this.#answering?.("quit");
  }

  /** Ends it after a command that said so. */
  close(): void {
    this.#closing = true;
    this.#terminal.close();
  }

  /** Leaves without waiting for anything. */
  leave(status: Status): void {
    this.#left.resolve(status);
    this.#ended.resolve({ status });
    this.#terminal.close();
  }
}
