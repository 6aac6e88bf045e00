import { Interrupted, Refused, SessionLost, type CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { whyNotCreatable } from "../storage/names.ts";
import { quoteWord } from "./parse.ts";

/** Commands that go on with what they have left. */
const GO_ON: ReadonlySet<string> = new Set(["GET", "MGET", "PUT", "MPUT", "MIRROR"]);

/** Commands that take a name away. */
const REMOVING: ReadonlySet<string> = new Set(["RM", "RMDIR", "MV"]);

/** What has failed. */
interface Failed {
  /** The command's name. */
  readonly command?: string | undefined;
  /** The first name that was given to it. */
  readonly typed?: string;
}

/**
 * What a person at a terminal can do about a failure, where its message does not say so.
 * @param side whose file it is about, where it is known to be about one
 */
export function nextStep(
  { command = "", typed = "" }: Failed,
  failed: CommandFailed,
  side: "remote" | "local" | undefined,
): string {
  if (failed instanceof Interrupted || failed instanceof SessionLost) {
    if (!GO_ON.has(command)) return "";
    const first = failed instanceof SessionLost ? "OPEN, and " : "";
    return `; ${first}the same again goes on from there`;
  }
  if (/^The name .* is not allowed: /s.test(failed.message)) return otherName(command, typed);
  if (failed instanceof Refused) {
    const step = stepAfter(command, failed);
    if (step !== "") return `; ${step}`;
  }
  if (failed.status !== Status.notFound || side === undefined) return "";
  return `; ${side === "remote" ? "LS" : "LLS"} lists what is there`;
}

/** A name that can be made is shown behind the one that cannot. */
function otherName(command: string, typed: string): string {
  if (command !== "GET" && command !== "PUT") return "; choose another";
  const last = typed.split("/").at(-1) ?? "";
  const other = last.replace(/[\\:]/g, "-").normalize("NFC");
  const fits = other !== last && whyNotCreatable(other) === undefined;
  return `; ${command} ${quoteWord(typed)} ${fits ? quoteWord(other) : "NAME"} gives it another`;
}

function stepAfter(command: string, { word, code, message }: Refused): string {
  if (message.includes("does not allow")) {
    return word === "exists"
      ? "choose another name, or ask whoever runs the server"
      : "whoever runs the server can allow it";
  }
  if (code === 552) {
    return message.includes("too large")
      ? "whoever runs the server sets how large"
      : "RM makes room, or whoever runs the server";
  }
  if (REMOVING.has(command) && message.includes(" is a link, ")) {
    return "whoever runs the server can remove it there";
  }
  return command === "MV" && word === "exists" ? "RM removes it, if it is to be replaced" : "";
}
