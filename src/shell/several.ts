import { CommandFailed, Refused, SessionLost, toCommandFailed } from "../client/errors.ts";
import type { Status } from "../client/status.ts";
import type { ShellContext } from "./context.ts";
import { tellFailure } from "./failure.ts";
import { quoteWord } from "./parse.ts";

/** A command that failed, and has told all that there is to tell. */
export class ToldAlready extends CommandFailed {
  override readonly name = "ToldAlready";

  constructor(status: Status) {
    super(status, "Not all of it was done");
  }
}

/** Several things to be done by one command, of which some may fail. */
export class Several {
  readonly #context: ShellContext;
  readonly #command: string;
  #tried = 0;
  #failed = 0;
  #status: Status | undefined;

  /** @param command its name, such as `RM` */
  constructor(context: ShellContext, command: string) {
    this.#context = context;
    this.#command = command;
  }

  /**
   * Does one of them. If it fails that is told, and the others can go on.
   * @param name as the user knows it
   * @throws what must end them all: an interrupt, a connection that is lost
   */
  async try(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.succeed();
    } catch (error) {
      this.fail(name, error);
    }
  }

  /** Counts one that was done. */
  succeed(): void {
    this.#tried++;
  }

  /**
   * Tells and counts one that failed.
   * @throws the error itself, where it must end them all
   */
  fail(name: string, error: unknown): void {
    const failed = toCommandFailed(error);
    const endsAll =
      failed === undefined ||
      failed instanceof SessionLost ||
      (failed instanceof Refused && failed.code === 421) ||
      this.#context.signal.aborted;
    if (endsAll) throw error;
    const { output } = this.#context;
    this.#tried++;
    this.#failed++;
    this.#status ??= failed.status;
    const command = `${this.#command} ${quoteWord(name)}`;
    tellFailure(output, command, failed, `${this.#command} ${name}`);
  }

  /** @throws {ToldAlready} where one has failed, with the status of the first that did */
  end(): void {
    if (this.#status === undefined) return;
    if (this.#tried > 1) {
      this.#context.output.complain(`${this.#command}: ${this.#failed} of ${this.#tried} failed`);
    }
    throw new ToldAlready(this.#status);
  }
}
