import { ask } from "../../client/ask.ts";
import { Interrupted, Refused } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import { uploadSmall, type SmallUpload } from "../../client/small-uploads.ts";
import type { Transferred, Watcher } from "../../client/transfer.ts";
import { Upload } from "../../client/upload.ts";
import type { Path } from "../../storage/errors.ts";
import { checkAllowed, checkName } from "../allowed.ts";
import type { ShellContext } from "../context.ts";
import { locationOf } from "../local-path.ts";
import type { FileProgress } from "../progress/job.ts";
import type { Places } from "../report.ts";
import { transferOptions } from "../transfer.ts";
import type { Found } from "./found.ts";
import type { FoundHere } from "./local-sources.ts";
import { Mover, type How, type Moving } from "./mover.ts";
import type { Turn } from "./pool.ts";
import {
  isKnownToDiffer,
  isSame,
  lookHere,
  lookThere,
  noFile,
  type Known,
  type There,
} from "./same.ts";
import type { Tally } from "./tally.ts";

/** How to send several files. */
export interface Sending extends How {
  /** Where something that was found goes. */
  readonly targetOf: (found: Found) => Path;
  /** What is known of the target already; it is asked for where that is nothing. */
  readonly knownThere?: ((target: Path) => { readonly entry: Known } | undefined) | undefined;
}

/** Sends what was found, as it is found, without waiting for the reply to each. */
export async function sendAll(
  context: ShellContext,
  link: Link,
  found: AsyncIterable<readonly FoundHere[]>,
  how: Sending,
  tally: Tally,
): Promise<void> {
  await new Sender(context, link, how, tally).all(found);
}

/** A file that is to be sent. */
interface Wanted extends SmallUpload, Moving<FoundHere> {}

class Sender extends Mover<FoundHere, Wanted, Sending> {
  protected readonly verb = "PUT";

  protected canTogether({ storage }: FoundHere): boolean {
    return !this.how.dryRun && storage.readSmall !== undefined;
  }

  protected isKnownToDiffer(found: FoundHere): boolean {
    const there = this.how.knownThere?.(this.how.targetOf(found));
    return isKnownToDiffer(found.known?.entry, there, this.how.comparison);
  }

  protected begin(found: FoundHere, file: FileProgress): Wanted {
    return { found, file, local: found.path, remote: this.how.targetOf(found) };
  }

  protected targetOf({ remote }: Wanted): Path {
    return remote;
  }

  protected isSameOver(session: Session, { found, remote: path }: Wanted): Promise<boolean> {
    const there = { path, known: this.how.knownThere?.(path) };
    return isSame(session, there, found, this.how.comparison, this.context.signal);
  }

  protected async moveSmall(session: Session, files: readonly Wanted[], watcher: Watcher<Wanted>) {
    const [first] = files;
    if (first === undefined) return;
    checkAllowed(session, "add");
    const { storage } = first.found;
    // Those that are in another place are sent by themselves: several places are seldom named.
    const some = files.filter(({ found }) => found.storage === storage);
    await uploadSmall(session, some, storage, this.context.signal, watcher);
  }

  protected async moveFolder({ remote }: Wanted): Promise<void> {
    const { link } = this;
    const { signal } = this.context;
    const { knownThere, dryRun } = this.how;
    const there = knownThere?.(remote);
    if (remote.length === 0 || there?.entry?.type === "folder") return;
    if (dryRun) checkName(remote);
    let theirs = there?.entry;
    if (dryRun || link.session.denied.has("add")) {
      const known = there === undefined ? {} : { known: there };
      theirs = await link.run((session) => lookThere(session, { path: remote, ...known }, signal));
      if (theirs?.type === "folder") return;
    }
    checkAllowed(link.session, "add");
    if (dryRun) {
      if (theirs === undefined) this.tally.wouldMake(remote.join("/"));
      return;
    }
    const isMade = await link.run((session) => makeFolder(session, remote, signal));
    // What was sent before may have made it on its way.
    if (isMade || (there !== undefined && there.entry === undefined)) this.tally.madeFolder();
  }

  protected async wouldMove({ found, remote }: Wanted): Promise<void> {
    const { storage, path, shown, known } = found;
    const here = known ?? { entry: await lookHere({ storage, path }) };
    if (here.entry?.type !== "file") throw noFile(shown, here.entry);
    checkName(remote);
    const there = { path: remote, known: this.how.knownThere?.(remote) };
    await checkPut(this.link, there, this.context.signal);
    this.tally.would("put", shown, remote.join("/"), here.entry.size);
  }

  protected async moveAlone(wanted: Wanted, turn: Turn): Promise<Transferred> {
    const { found, remote, file, unconfirmed } = wanted;
    const { context, link } = this;
    if (context.signal.aborted) throw new Interrupted();
    checkAllowed(link.session, "add");
    const work = new Upload(found.storage, found.path, remote, {
      ...transferOptions(context, link, found.shown, this.how.options, file),
      secret: await context.secret(),
      unconfirmed,
      onSent: () => turn.release(),
    });
    return link.run(async (session) => {
      await turn.retake();
      return work.attempt(session);
    });
  }

  protected placesOf({ found, remote }: Wanted): Places {
    return { remote: remote.join("/"), local: found.shown, at: locationOf(found) };
  }
}

/**
 * Fails where the server has said that it would not take a file.
 * @throws {Refused} status 6
 */
async function checkPut(link: Link, there: There, signal: AbortSignal): Promise<void> {
  checkAllowed(link.session, "add");
  if (!link.session.denied.has("replace")) return;
  const theirs = await link.run((session) => lookThere(session, there, signal));
  if (theirs?.type === "file") checkAllowed(link.session, "replace");
}

/** @returns whether it was not there before */
async function makeFolder(session: Session, path: Path, signal: AbortSignal): Promise<boolean> {
  try {
    await ask(session, "MKDIR", path, {}, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 553) throw error;
    // Also where none could be made: by this user, or of such a name.
    const there = await lookThere(session, { path }, signal).catch((other: unknown) => {
      const isTold = error.word === "exists" || !(other instanceof Refused) || other.code === 421;
      throw isTold ? other : error;
    });
    if (there?.type !== "folder") throw error;
    return false;
  }
}
