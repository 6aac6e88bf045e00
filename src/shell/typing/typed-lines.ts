import type { Status } from "../../client/status.ts";

/** Why no more lines come. */
export interface Ended {
  readonly status: Status;
}

/** The lines that a person types: each is awaited, by a prompt or by a question. */
export class TypedLines {
  readonly #ended = Promise.withResolvers<Ended>();
  readonly #left = Promise.withResolvers<Status>();
  #over = false;
  #waiting: ((line: string) => void) | undefined;
  #answering: ((line: string) => void) | undefined;

  /** Whether no more lines can be typed. */
  get ended(): boolean {
    return this.#over;
  }

  /** Whether what is typed next is a command. */
  get isPrompting(): boolean {
    return this.#waiting !== undefined && !this.isAnswering;
  }

  /** Whether what is typed next answers a question. */
  get isAnswering(): boolean {
    return this.#answering !== undefined;
  }

  /** Settles when the user has left without waiting, with the status to leave with. */
  get left(): Promise<Status> {
    return this.#left.promise;
  }

  /** Takes a line that was typed. From then on none is awaited. */
  add(line: string): void {
    const take = this.#answering ?? this.#waiting;
    if (this.#answering !== undefined) this.#answering = undefined;
    else this.#waiting = undefined;
    take?.(line);
  }

  /** The next line, or that none comes any more. */
  async next(): Promise<string | Ended> {
    const typed = new Promise<string>((resolve) => (this.#waiting = resolve));
    return Promise.race([typed, this.#ended.promise]);
  }

  /** What is typed in answer to a question of the command that runs; `quit` where it is cancelled. */
  async answer(): Promise<string> {
    if (this.#over) return "quit";
    return new Promise((resolve) => (this.#answering = resolve));
  }

  /** Gives no answer, because the user leaves or interrupts. */
  cancelAnswer(): void {
    if (this.isAnswering) this.add("quit");
  }

  /** No more lines come. */
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
