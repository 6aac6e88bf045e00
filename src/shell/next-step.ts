import { Interrupted, Refused, SessionLost, type CommandFailed } from "../client/errors.ts";
import type { Session } from "../client/session.ts";
import { Status } from "../client/status.ts";
import type { Deniable } from "../protocol/denied.ts";
import type { Problem } from "../storage/errors.ts";
import { whyNotCreatable } from "../storage/names.ts";
import { isByRule } from "./allowed.ts";
import { quoteWord } from "./parse.ts";

/** Commands that go on with what they have left. */
const GO_ON: ReadonlySet<string> = new Set(["GET", "MGET", "PUT", "MPUT", "MIRROR"]);

/** Commands that take a name away. */
const REMOVING: ReadonlySet<string> = new Set(["RM", "RMDIR", "MV"]);

/** Commands that store files under names that may be there. */
const STORING: ReadonlySet<string> = new Set(["PUT", "MPUT", "MIRROR"]);

/** Commands that make a name, and on whose side that is. */
const NAMED_ON: ReadonlyMap<string, "remote" | "local"> = new Map([
  ["GET", "local"],
  ["PUT", "remote"],
  ["MV", "remote"],
  ["MKDIR", "remote"],
]);

/** What has failed. */
interface Failed {
  /** The command's name. */
  readonly command?: string | undefined;
  /** The first name that was given to it. */
  readonly typed?: string;
  /** What is wrong with a file of this side. */
  readonly problem?: Problem | undefined;
  /** Whether it was told to start afresh. */
  readonly afresh?: boolean;
  /** What is to be typed behind an interrupt: see `Job`. */
  readonly onwards?: string | undefined;
  readonly session: Pick<Session, "denied"> | undefined;
}

/**
 * What a person at a terminal can do about a failure, where its message does not say so.
 * @param side whose file it is about, where it is known to be about one
 */
export function nextStep(
  what: Failed,
  failed: CommandFailed,
  side: "remote" | "local" | undefined,
): string {
  const { command = "", typed = "" } = what;
  if (failed instanceof Interrupted || failed instanceof SessionLost) {
    if (!GO_ON.has(command)) return "";
    if (what.onwards === "") return "";
    const first = failed instanceof SessionLost ? "OPEN, and " : "";
    if (what.onwards !== undefined) return `; ${first}${what.onwards}`;
    const again = what.afresh === true ? "the same without -f" : "the same again";
    return `; ${first}${again} goes on from there`;
  }
  const naming = failed instanceof Refused ? failed.word : what.problem;
  if (naming === "name" && side === NAMED_ON.get(command)) return otherName(command, typed);
  if (failed instanceof Refused) {
    const step = stepAfter(command, failed, what.session?.denied ?? new Set());
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

function stepAfter(command: string, failed: Refused, denied: ReadonlySet<Deniable>): string {
  const { word, sentence } = failed;
  if (isByRule(failed, command, denied)) return "whoever runs the server can allow it";
  if (word === "exists" && STORING.has(command) && denied.has("replace")) {
    return "choose another name, or ask whoever runs the server";
  }
  if (word === "quota") {
    // One word for both; no name in a sentence holds a blank.
    return sentence.includes(" is too large: ")
      ? "whoever runs the server sets how large"
      : "RM makes room, or whoever runs the server";
  }
  if (word === "not-a-file" && REMOVING.has(command) && sentence.includes(" is a link, ")) {
    return "whoever runs the server can remove it there";
  }
  return command === "MV" && word === "exists" ? "RM removes it, if it is to be replaced" : "";
}
