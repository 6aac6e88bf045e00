import { CommandFailed } from "../../src/client/errors.ts";

/** The message of the usage error that work ends in. */
export function usageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CommandFailed && error.status === 2) return error.message;
    throw error;
  }
}
