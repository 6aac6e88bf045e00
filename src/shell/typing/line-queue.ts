import type { Status } from "../../client/status.ts";

/** Why no more lines come. */
export interface Ended {
  readonly status: Status;
}

/** Lines that were typed, some of them while a command still ran. */
export class LineQueue {
  readonly #lines: string[] = [];
  readonly #ended = Promise.withResolvers<Ended>();
  readonly #left = Promise.withResolvers<Status>();
  #over = false;
  #waiting: ((line: string) => void) | undefined;
  #answering: ((line: string) => void) | undefined;

  /** Whether no more lines can be typed. */
  get ended(): boolean {
    return this.#over;
  }

  /** Whether the next line is there already. */
  get typedAhead(): boolean {
    return this.#lines.length > 0;
  }

  /** Whether what is typed next answers a question. */
  get isAnswering(): boolean {
    return this.#answering !== undefined;
  }

  /** Settles when the user has left without waiting, with the status to leave with. */
  get left(): Promise<Status> {
    return this.#left.promise;
  }

  /** Takes a line that was typed. */
  add(line: string): void {
    if (this.#answering !== undefined) {
      this.#answering(line);
    } else if (this.#waiting === undefined) {
      this.#lines.push(line);
    } else {
      this.#waiting(line);
      this.#waiting = undefined;
    }
  }

  /** The next line, or that none comes any more. */
  async next(): Promise<string | Ended> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    const typed = new Promise<string>((resolve) => (this.#waiting = resolve));
    return Promise.race([typed, this.#ended.promise]);
  }

  /** What is typed in answer to a question of the command that runs; `quit` where it is cancelled. */
  async answer(): Promise<string> {
    if (this.#over) return "quit";
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

  /** No more lines come; those that were typed are still given. */
  end(status: Status): void {
    this.#over = true;
    this.cancelAnswer();
    this.#ended.resolve({ status });
  }

  /** Leaves without waiting for anything. */
  leave(status: Status): void {
    this.#left.resolve(status);
    this.end(status);
  }
}
