import { codeOf } from "./connect-failed.ts";

/** What the system's codes say. */
const WHY_BROKEN: Readonly<Record<string, string>> = {
  ECONNRESET: "the other side cut it",
  EPIPE: "the other side cut it",
  ETIMEDOUT: "nothing arrives there any more",
  EHOSTUNREACH: "there is no way there any more",
  ENETUNREACH: "there is no way there any more",
  ENETDOWN: "the network is down",
  EUNKNOWN: "it broke",
};

/** Why a connection broke, for people. */
export function describe(error: unknown): string {
  const code = codeOf(error);
  return WHY_BROKEN[code] ?? code;
}
