import { Interrupted, Refused, SessionLost, type CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";

/** Commands that go on with what they have left. */
const GO_ON: ReadonlySet<string> = new Set(["GET", "MGET", "PUT", "MPUT", "MIRROR"]);

/**
 * What a person at a terminal can do about a failure, where its message does not say so.
 * @param command the name of what has failed
 * @param side whose file it is about, where it is known to be about one
 */
export function nextStep(
  command: string | undefined,
  failed: CommandFailed,
  side: "remote" | "local" | undefined,
): string {
  if (failed instanceof Interrupted || failed instanceof SessionLost) {
    if (!GO_ON.has(command ?? "")) return "";
    const first = failed instanceof SessionLost ? "OPEN, and " : "";
    return `: ${first}the same again goes on from there`;
  }
  if (command === "MV" && failed instanceof Refused && failed.word === "exists") {
    return ": RM removes it, if it is to be replaced";
  }
  if (failed.status !== Status.notFound || side === undefined) return "";
  return `: ${side === "remote" ? "LS" : "LLS"} lists what is there`;
}
