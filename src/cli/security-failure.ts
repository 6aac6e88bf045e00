import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { SecurityError, type SecurityProblem } from "../security/errors.ts";

const STATUS_OF_PROBLEM: Readonly<Record<SecurityProblem, Status>> = {
  "not-found": Status.notFound,
  insecure: Status.trust,
  invalid: Status.failed,
  exists: Status.refused,
  denied: Status.refused,
  refused: Status.trust,
  failed: Status.failed,
};

/** What is wrong with secrets, identities or users, as what ends the program. Others are passed on. */
export function fromSecurity(error: unknown): unknown {
  return error instanceof SecurityError
    ? new CommandFailed(STATUS_OF_PROBLEM[error.problem], error.message)
    : error;
}
