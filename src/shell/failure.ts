import { Refused, type CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import type { Output } from "./context.ts";

/**
 * Tells that something failed, to people and to programs.
 * @param command what failed, as it can be typed
 * @param label what stands before the message; nothing where that is empty
 */
export function tellFailure(
  output: Output,
  command: string,
  failed: CommandFailed,
  label: string,
): void {
  // What this side says of its own files ends likewise.
  const where = failed instanceof Refused && isAboutFile(failed) ? " (on the server)" : "";
  output.complain((label === "" ? "" : `${label}: `) + failed.message + where);
  output.observe({
    event: "failed",
    command,
    status: failed.status,
    ...(failed instanceof Refused ? { code: failed.code, word: failed.word } : {}),
    message: failed.message,
  });
}

function isAboutFile({ status }: Refused): boolean {
  return status === Status.notFound || status === Status.refused;
}
