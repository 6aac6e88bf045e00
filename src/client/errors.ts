import { StorageError } from "../storage/errors.ts";
import { Status, statusOfCode, statusOfProblem } from "./status.ts";

/** A command that failed: what to tell the user, and the exit status that it leads to. */
export class CommandFailed extends Error {
  override readonly name: string = "CommandFailed";
  readonly status: Status;

  constructor(status: Status, message: string) {
    super(message);
    this.status = status;
  }
}

/** The server's reply says no. */
export class Refused extends CommandFailed {
  override readonly name = "Refused";
  readonly code: number;
  readonly word: string;

  constructor(code: number, word: string, message: string) {
    super(statusOfCode(code), message === "" ? `The server refused: ${code} ${word}` : message);
    this.code = code;
    this.word = word;
  }
}

/** There is no connection any more, or nothing that arrives on it can be trusted. */
export class SessionLost extends CommandFailed {
  override readonly name = "SessionLost";

  constructor(message: string) {
    super(Status.connection, message);
  }
}

/** The user has interrupted the command. */
export class Interrupted extends CommandFailed {
  override readonly name = "Interrupted";

  constructor() {
    super(Status.interrupted, "Interrupted");
  }
}

/** Any error as one that a user can be told. Errors that are nobody's fault are passed on. */
export function toCommandFailed(error: unknown): CommandFailed | undefined {
  if (error instanceof CommandFailed) return error;
  if (error instanceof StorageError) {
    return new CommandFailed(statusOfProblem(error.problem), `${error.message} (on this side)`);
  }
  return undefined;
}
