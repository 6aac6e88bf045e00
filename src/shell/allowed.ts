import { Refused, type CommandFailed } from "../client/errors.ts";
import type { Session } from "../client/session.ts";
import type { Deniable } from "../protocol/denied.ts";
import { encodePath } from "../protocol/path.ts";
import { StorageError, type Path } from "../storage/errors.ts";
import { checkCreatable } from "../storage/names.ts";

const WHY: Readonly<Record<Deniable, string>> = {
  add: "you may only read",
  replace: "you may replace nothing",
  remove: "you may remove and rename nothing",
};

/** The server would not allow it, so that it was not asked. */
class NotAllowed extends Refused {
  readonly what: Deniable;

  constructor(what: Deniable, why: string) {
    super(553, "denied", why);
    this.what = what;
  }
}

/** Whether an error says that the server has said that it takes nothing at all. */
export function allowsNothing(failed: CommandFailed): boolean {
  return failed instanceof NotAllowed && failed.what === "add";
}

/**
 * Fails as the server would, where it has said that it does not allow something: for whoever only
 * says what would be done.
 * @throws {Refused} status 6
 */
export function checkAllowed(session: Pick<Session, "denied">, what: Deniable): void {
  if (session.denied.has(what)) throw new NotAllowed(what, whyDenied(session, what));
}

/**
 * Fails as the server would, where a name is one that no server takes.
 * @throws {Refused} status 6
 */
export function checkName(path: Path): void {
  try {
    checkCreatable(path);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new Refused(553, "name", error.describe(encodePath));
  }
}

/** What the server allows, where that is not everything. */
export function rightsOf({ denied }: Pick<Session, "denied">): string | undefined {
  if (denied.has("add")) return WHY.add;
  const others = (["replace", "remove"] as const).filter((what) => denied.has(what));
  return others.length === 2
    ? "you may replace, remove and rename nothing"
    : others.map((what) => WHY[what]).at(0);
}

/** What has to be allowed for a command, or for a part of one. Who only reads needs nothing. */
const NEEDED: Readonly<Record<string, readonly Deniable[]>> = {
  PUT: ["add"],
  MPUT: ["add"],
  MKDIR: ["add"],
  RM: ["remove"],
  RMDIR: ["remove"],
  MV: ["remove"],
  MIRROR: ["add", "remove"],
};

/** Whether it is by the server's rules that something was denied, rather than by its system. */
export function isByRule(failed: Refused, command: string, denied: ReadonlySet<Deniable>): boolean {
  if (failed instanceof NotAllowed) return true;
  return failed.word === "denied" && (NEEDED[command] ?? []).some((what) => denied.has(what));
}

function whyDenied({ denied }: Pick<Session, "denied">, what: Deniable): string {
  return `The server does not allow it: ${denied.has("add") ? WHY.add : WHY[what]}`;
}
