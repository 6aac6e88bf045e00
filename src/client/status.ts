import type { SecurityProblem } from "../security/errors.ts";
import type { Problem } from "../storage/errors.ts";

/** The exit statuses of the program, as published. */
export const Status = {
  ok: 0,
  failed: 1,
  usage: 2,
  connection: 3,
  trust: 4,
  notFound: 5,
  refused: 6,
  space: 7,
  mismatch: 8,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type Status = (typeof Status)[keyof typeof Status];

/** The exit status that a failed reply leads to. Codes that are not known go by their class. */
export function statusOfCode(code: number): Status {
  switch (code) {
    case 421:
    case 426:
      return Status.connection;
    case 452:
    case 552:
      return Status.space;
    case 530:
      return Status.trust;
    case 550:
      return Status.notFound;
    case 551:
      return Status.mismatch;
    case 553:
      return Status.refused;
    default:
      return Status.failed;
  }
}

const STATUS_OF_PROBLEM: Readonly<Record<Problem, Status>> = {
  "not-found": Status.notFound,
  "not-a-file": Status.refused,
  name: Status.refused,
  denied: Status.refused,
  exists: Status.refused,
  "not-empty": Status.refused,
  space: Status.space,
  changed: Status.failed,
  taken: Status.connection,
  mismatch: Status.mismatch,
  failed: Status.failed,
};

/** The exit status that a problem with this side's files leads to. */
export function statusOfProblem(problem: Problem): Status {
  return STATUS_OF_PROBLEM[problem];
}

const STATUS_OF_SECURITY: Readonly<Record<SecurityProblem, Status>> = {
  "not-found": Status.notFound,
  insecure: Status.trust,
  invalid: Status.usage,
  exists: Status.refused,
  denied: Status.refused,
  refused: Status.trust,
  failed: Status.failed,
};

/** The exit status that a problem with secrets, identities or users leads to. */
export function statusOfSecurity(problem: SecurityProblem): Status {
  return STATUS_OF_SECURITY[problem];
}
