import type { Reply } from "../protocol/reply.ts";
import { decodeText } from "../protocol/text.ts";
import { SecurityError } from "../security/errors.ts";
import { StorageError } from "../storage/errors.ts";
import { Status, statusOfCode, statusOfProblem, statusOfSecurity } from "./status.ts";

/** The code of a reply behind which the server closes the connection. */
const CLOSES = 421;

/** A command that failed: what to tell the user, and the exit status that it leads to. */
export class CommandFailed extends Error {
  override readonly name: string = "CommandFailed";
  readonly status: Status;
  /** What it has in common with others whose messages differ; the message where left out. */
  readonly reason: string | undefined;

  constructor(status: Status, message: string, reason?: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The server's reply says no. */
export class Refused extends CommandFailed {
  override readonly name = "Refused";
  readonly code: number;
  readonly word: string;
  /** The message as it came: names in it are encoded, so that none of them holds a blank. */
  readonly sentence: string;

  constructor(code: number, word: string, message: string) {
    // Names in it are percent-encoded on the wire.
    const shown = decodeText(message) ?? message;
    super(statusOfCode(code), shown === "" ? `The server refused: ${code} ${word}` : shown);
    this.code = code;
    this.word = word;
    this.sentence = message;
  }
}

/** A reply that says no, as an error. */
export function refusalOf({ code, word, message }: Reply & { readonly ok: false }): Refused {
  return new Refused(code, word, message);
}

/** There is no connection any more, or nothing that arrives on it can be trusted. */
export class SessionLost extends CommandFailed {
  override readonly name = "SessionLost";
  /** Whether another connection to the same server may do better. */
  readonly worthRetrying: boolean;

  constructor(message: string, options: { readonly worthRetrying: boolean }) {
    super(Status.connection, message);
    this.worthRetrying = options.worthRetrying;
  }
}

/** The server sent something that the protocol does not allow: it will do so again. */
export function brokenProtocol(message: string): SessionLost {
  return new SessionLost(message, { worthRetrying: false });
}

/** Whether the same may work over a new connection. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof SessionLost) return error.worthRetrying;
  return error instanceof Refused && error.code === CLOSES;
}

/** Whether a reply is the last that the server gives over the connection. */
export function isFarewell(reply: Reply): reply is Reply & { readonly ok: false } {
  return reply.code === CLOSES;
}

/** Whether it was cancelled, perhaps only together with something else. */
export function isCancelled(error: unknown): boolean {
  return error instanceof Refused && error.word === "aborted";
}

/** Whether an error is of the connection, and not of what was asked for over it. */
export function isOfConnection(error: unknown): boolean {
  return error instanceof SessionLost || isWorthRetrying(error);
}

/** The user has interrupted the command. */
export class Interrupted extends CommandFailed {
  override readonly name = "Interrupted";

  /** @param there what there is of it already, as a sentence goes on */
  constructor(there = "") {
    super(Status.interrupted, there === "" ? "Interrupted" : `Interrupted: ${there}`);
  }
}

/** Any error as one that a user can be told. Errors that are nobody's fault are passed on. */
export function toCommandFailed(error: unknown): CommandFailed | undefined {
  if (error instanceof CommandFailed) return error;
  if (error instanceof StorageError) {
    return new CommandFailed(statusOfProblem(error.problem), `${error.message} (on this side)`);
  }
  if (error instanceof SecurityError) {
    return new CommandFailed(statusOfSecurity(error.problem), error.message);
  }
  return undefined;
}
