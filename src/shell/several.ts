import { toCommandFailed, type CommandFailed } from "../client/errors.ts";
import type { Status } from "../client/status.ts";
import { formatCount } from "../observe/units.ts";
import type { ShellContext } from "./context.ts";
import { endsAll, tellFailure } from "./failure.ts";
import { SomeFailed } from "./many/tally.ts";
import { Repeats } from "./repeats.ts";

/**
 * Several things to be done by one command, of which some may fail. Where there is but one, its
 * failure is the command's.
 */
export class Several {
  readonly #context: ShellContext;
  readonly #command: string;
  #tried = 0;
  #failed = 0;
  #status: Status | undefined;
  readonly #repeats: Repeats;
  /** The first that failed, as long as it is not known whether there are more. */
  #first: { readonly name: string; readonly error: unknown } | undefined;

  /** @param command its name, such as `RM` */
  constructor(context: ShellContext, command: string) {
    this.#context = context;
    this.#command = command;
    this.#repeats = new Repeats({ all: context.verbose });
  }

  /**
   * Does one of them. If it fails that is told, and the others can go on.
   * @param name as the user knows it
   * @throws what must end them all: an interrupt, a connection that is lost
   */
  async try(name: string, act: () => Promise<void>): Promise<void> {
    this.#tellFirst();
    try {
      await act();
      this.succeed();
    } catch (error) {
      this.fail(name, error);
    }
  }

  /** Counts one that was done. */
  succeed(): void {
    this.#tellFirst();
    this.#tried++;
  }

  /**
   * Tells and counts one that failed.
   * @throws the error itself, where it must end them all
   */
  fail(name: string, error: unknown): void {
    this.#tellFirst();
    const failed = toCommandFailed(error);
    if (failed === undefined || this.#endsAll(failed)) throw error;
    this.#status ??= failed.status;
    this.#failed++;
    if (this.#tried++ === 0) this.#first = { name, error };
    else this.#tell(name, failed, error);
  }

  /** @throws {CommandFailed} where one has failed, with the status of the first that did */
  end(): void {
    if (this.#first !== undefined) throw this.#first.error;
    this.tellRest();
    if (this.#status === undefined) return;
    const message = `${formatCount(this.#failed)} of ${formatCount(this.#tried)} failed`;
    this.#context.output.complain(`${this.#command}: ${message}`);
    throw new SomeFailed(this.#status, message);
  }

  /** Tells how many more have failed for reasons that were told often enough. */
  tellRest(): void {
    for (const line of this.#repeats.take()) this.#context.output.complain(line);
  }

  #endsAll(failed: CommandFailed): boolean {
    return this.#context.signal.aborted || endsAll(failed);
  }

  #tellFirst(): void {
    if (this.#first === undefined) return;
    const { name, error } = this.#first;
    this.#first = undefined;
    const failed = toCommandFailed(error);
    if (failed !== undefined) this.#tell(name, failed, error);
  }

  #tell(name: string, failed: CommandFailed, error: unknown): void {
    const told = { command: this.#command, verb: this.#command };
    tellFailure(this.#context, told, name, failed, error, this.#repeats);
  }
}
