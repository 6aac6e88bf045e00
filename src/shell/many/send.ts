import { ask } from "../../client/ask.ts";
import { CommandFailed, Interrupted, Refused } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import { uploadSmall, type SmallUpload } from "../../client/small-uploads.ts";
import { Status } from "../../client/status.ts";
import type { Transferred } from "../../client/transfer.ts";
import { Upload } from "../../client/upload.ts";
import type { Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { checkAllowed, checkName } from "../allowed.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { locationOf } from "../local-path.ts";
import type { FileProgress } from "../progress/job.ts";
import { report } from "../report.ts";
import { transferOptions } from "../transfer.ts";
import { beginFound } from "./expecting.ts";
import type { Found } from "./found.ts";
import type { FoundHere } from "./local-sources.ts";
import { limitsOf, runPool, weightOf, type Turn } from "./pool.ts";
import {
  isSame,
  lookHere,
  lookThere,
  noFile,
  type Comparison,
  type Known,
  type There,
} from "./same.ts";
import type { Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";
import { actOver, Together } from "./together.ts";
import { SMALL } from "../../storage/read-blocks.ts";

/** Small files on their way to the server, by the storage that they are in. */
type SmallOnes = (storage: Storage) => Together<SmallUpload, Transferred>;

/** How to send several files. */
export interface Sending {
  /** Where something that was found goes. */
  readonly targetOf: (found: Found) => Path;
  /** Of several sources, which may meet. */
  readonly targets?: Targets;
  /** What is known of the target already; it is asked for where that is nothing. */
  readonly knownThere?: ((target: Path) => { readonly entry: Known } | undefined) | undefined;
  readonly comparison: Comparison;
  readonly dryRun: boolean;
  readonly options: Options;
}

/** Sends what was found, as it is found, without waiting for the reply to each. */
export async function sendAll(
  context: ShellContext,
  link: Link,
  found: AsyncIterable<FoundHere>,
  how: Sending,
  tally: Tally,
): Promise<void> {
  const byStorage = new Map<Storage, Together<SmallUpload, Transferred>>();
  const small: SmallOnes = (storage) => {
    const there = byStorage.get(storage);
    if (there !== undefined) return there;
    const made = new Together<SmallUpload, Transferred>((files) =>
      actOver(link, files, async (session, some) => {
        const sent = await uploadSmall(session, some, storage, context.signal);
        if (sent.some((one) => one !== undefined)) link.progressed();
        return sent;
      }),
    );
    byStorage.set(storage, made);
    return made;
  };
  await runPool(found, limitsOf(link), weightOf, async (item, turn) => {
    const file = beginFound(context.job, item);
    try {
      await sendOne(context, link, item, how, tally, turn, file, small);
    } catch (error) {
      tally.failed("PUT", item.shown, error);
    } finally {
      file.end();
      item.done?.();
    }
  });
}

async function sendOne(
  context: ShellContext,
  link: Link,
  found: FoundHere,
  how: Sending,
  tally: Tally,
  turn: Turn,
  file: FileProgress,
  small: SmallOnes,
): Promise<void> {
  const { type, storage, path, shown } = found;
  const { comparison, dryRun, options } = how;
  const { signal } = context;
  const remote = how.targetOf(found);
  const there = how.knownThere?.(remote);
  if (type === "left-out") return tally.leftOut();
  if (type === "refused") {
    throw new CommandFailed(Status.refused, `It cannot be sent: ${found.reason ?? "refused"}`);
  }
  if (type === "folder") {
    if (remote.length === 0 || there?.entry?.type === "folder") return;
    if (dryRun) {
      checkName(remote);
      return checkAllowed(link.session, "add");
    }
    if (await link.run((session) => makeFolder(session, remote, signal))) tally.madeFolder();
    return;
  }
  how.targets?.claim(found, remote);
  const asks = comparison !== "never";
  const same =
    asks &&
    (await link.run((session) =>
      isSame(
        session,
        { path: remote, known: there },
        { storage, path, known: found.known },
        comparison,
        signal,
      ),
    ));
  if (same) return tally.skipped();
  const target = remote.join("/");
  if (dryRun) {
    const here = found.known ?? { entry: await lookHere({ storage, path }) };
    if (here.entry?.type !== "file") throw noFile(shown, here.entry);
    checkName(remote);
    await checkPut(link, { path: remote, known: there }, signal);
    return tally.would("put", shown, target, here.entry.size);
  }
  const size = found.known?.entry?.size ?? Infinity;
  const isSmall = size <= SMALL && storage.readSmall !== undefined;
  if (isSmall) turn.release();
  const asked: SmallUpload = { local: path, remote };
  const sent = isSmall ? await small(storage).add(asked) : undefined;
  if (sent !== undefined) file.reached(sent.bytes, sent.bytes);
  const alone = (): Promise<Transferred> => sendAlone(context, link, found, asked, how, turn, file);
  const done = sent ?? (await alone());
  tally.transferred(done);
  const names = { remote: target, local: shown, at: locationOf({ storage, path }) };
  report(context, options, "sent", names, done, { one: false });
}

async function sendAlone(
  context: ShellContext,
  link: Link,
  { storage, path, shown }: FoundHere,
  { remote, unconfirmed }: SmallUpload,
  { options }: Sending,
  turn: Turn,
  file: FileProgress,
): Promise<Transferred> {
  if (context.signal.aborted) throw new Interrupted();
  const work = new Upload(storage, path, remote, {
    ...transferOptions(context, link, shown, options, file),
    secret: await context.secret(),
    unconfirmed,
    onSent: () => turn.release(),
  });
  return link.run(async (session) => {
    await turn.retake();
    return work.attempt(session);
  });
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
