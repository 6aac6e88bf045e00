import { Interrupted, Refused, SessionLost, type CommandFailed } from "../client/errors.ts";
import { StorageError } from "../storage/errors.ts";
import type { Output } from "./context.ts";

/** Tells that one of several things failed, which a command does: people and programs. */
export function tellFailure(
  output: Output,
  { command, verb }: { readonly command: string; readonly verb: string },
  name: string,
  failed: CommandFailed,
  error: unknown,
): void {
  // What lies in the folder itself has its name.
  output.complain(`${verb} ${name === "" ? "." : name}: ${failed.message}${whereOf(failed)}`);
  output.observe({
    event: "failed",
    command,
    path: name,
    status: failed.status,
    ...sideOf(error),
    ...(failed instanceof Refused ? { code: failed.code, word: failed.word } : {}),
    message: failed.message,
  });
}

/**
 * Says that something is the server's, where its message does not. What this side says of its own
 * files ends likewise.
 */
export function whereOf(failed: CommandFailed): string {
  const isSaid = /^The (?:server|role)\b/.test(failed.message);
  return failed instanceof Refused && !isSaid ? " (on the server)" : "";
}

/** On which side something failed, where that is known. */
export function sideOf(error: unknown): { side?: "local" | "remote" } {
  if (error instanceof Refused) return { side: "remote" };
  return error instanceof StorageError ? { side: "local" } : {};
}

/** Whether an error is no single thing's: the connection is gone, or the user has interrupted. */
export function endsAll(failed: CommandFailed): boolean {
  if (failed instanceof SessionLost || failed instanceof Interrupted) return true;
  return failed instanceof Refused && failed.code === 421;
}
