import type { Failure } from "../protocol/codes.ts";
import { encodePath } from "../protocol/path.ts";
import type { Rejection } from "../protocol/request.ts";
import { StorageError, type Problem } from "../storage/errors.ts";
import { ConnectionLost } from "../transport/connection.ts";

/** Why a request was not done, as the client is told. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly failure: Failure;
  /** The message as the server's log tells it, with names as they are. */
  readonly logged: string;

  constructor(failure: Failure, message: string, logged = message) {
    super(message);
    this.failure = failure;
    this.logged = logged;
  }

  static fromRejection(rejection: Rejection): RequestFailed {
    return new RequestFailed(rejection.failure, rejection.message);
  }
}

/** The client cancelled the request, or went away in the middle of it. */
export function aborted(message: string): RequestFailed {
  return new RequestFailed({ code: 426, word: "aborted" }, message);
}

/** A key whose value does not go with the others. */
export function badArgument(message: string): RequestFailed {
  return new RequestFailed({ code: 501, word: "argument" }, message);
}

const FAILURES: Readonly<Record<Problem, Failure>> = {
  "not-found": { code: 550, word: "not-found" },
  "not-a-file": { code: 553, word: "not-a-file" },
  name: { code: 553, word: "name" },
  denied: { code: 553, word: "denied" },
  exists: { code: 553, word: "exists" },
  "not-empty": { code: 553, word: "not-empty" },
  space: { code: 452, word: "space" },
  quota: { code: 552, word: "quota" },
  changed: { code: 450, word: "changed" },
  taken: { code: 426, word: "taken" },
  mismatch: { code: 551, word: "mismatch" },
  failed: { code: 451, word: "failed" },
};

/** The one place where an error becomes a reply: nothing of the system's own text is told. */
export function toFailure(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  if (error instanceof StorageError) {
    const logged = error.describe((path) => path.join("/"));
    return new RequestFailed(FAILURES[error.problem], error.describe(encodePath), logged);
  }
  if (error instanceof ConnectionLost) return aborted("The connection was lost");
  return new RequestFailed({ code: 451, word: "failed" }, "The server has trouble of its own");
}
