import { Interrupted, Refused, SessionLost, type CommandFailed } from "../client/errors.ts";
import type { Session } from "../client/session.ts";
import { StorageError } from "../storage/errors.ts";
import { allowsNothing, isByRule } from "./allowed.ts";
import type { Output, ShellContext } from "./context.ts";
import type { Repeats } from "./repeats.ts";

/**
 * Tells that one of several things failed, which a command does: people and programs.
 * @param repeats of failures for one reason people are told of the first alone
 */
export function tellFailure(
  { output, session }: { readonly output: Output; readonly session: ShellContext["session"] },
  { command, verb }: { readonly command: string; readonly verb: string },
  name: string,
  failed: CommandFailed,
  error: unknown,
  repeats: Repeats,
): void {
  if (repeats.counts(name, failed)) {
    // What lies in the folder itself has its name.
    output.complain(
      `${verb} ${name === "" ? "." : name}: ${failed.message}${whereOf(failed, verb, session)}`,
    );
  }
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
 * Says that something is the server's, where its message is about a file. What this side says of its
 * own files ends likewise.
 * @param command what has failed, such as `RM`
 */
export function whereOf(
  failed: CommandFailed,
  command: string,
  session: Pick<Session, "denied"> | undefined,
): string {
  // Its own trouble, and what its rules forbid, is told as the server's already.
  if (!(failed instanceof Refused) || failed.word === "failed") return "";
  return isByRule(failed, command, session?.denied ?? new Set()) ? "" : " (on the server)";
}

/** On which side something failed, where that is known. */
export function sideOf(error: unknown): { side?: "local" | "remote" } {
  if (error instanceof Refused) return { side: "remote" };
  return error instanceof StorageError ? { side: "local" } : {};
}

/**
 * Whether an error is no single thing's: the connection is gone, the user has interrupted, or the
 * server has said beforehand that it takes nothing.
 */
export function endsAll(failed: CommandFailed): boolean {
  if (allowsNothing(failed) || failed instanceof SessionLost || failed instanceof Interrupted)
    return true;
  return failed instanceof Refused && failed.code === 421;
}
