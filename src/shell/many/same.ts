import { ask } from "../../client/ask.ts";
import { digestField, integerField } from "../../client/fields.ts";
import { CommandFailed, Interrupted, Refused } from "../../client/errors.ts";
import { onAbort } from "../../client/on-abort.ts";
import type { Session } from "../../client/session.ts";
import { Status } from "../../client/status.ts";
import { FileDigest } from "../../digest/file.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import { digestRange } from "../../storage/read-blocks.ts";
import type { Item, Storage } from "../../storage/storage.ts";
import type { Options } from "../command.ts";

/** How to tell whether a file is the same on both sides; `never` asks nothing. */
export type Comparison = "never" | "size-and-time" | "digest";

/** The options of commands that can pass over what has not changed. */
export const COMPARE_OPTIONS = {
  update: { letter: "u", means: "pass over files whose size and time are the same" },
  checksum: { means: "pass over files whose digest is the same" },
} as const;

/** What the options say. */
export function comparisonOf(options: Options): Comparison {
  if (options.has("checksum")) return "digest";
  return options.has("update") ? "size-and-time" : "never";
}

/** What a listing has told of a place: `undefined` where it had nothing there. */
export type Known = Pick<Item, "type" | "size" | "mtime"> | undefined;

/** A file on the server. */
export interface There {
  readonly path: Path;
  /** Looked up where it is left out. */
  readonly known?: { readonly entry: Known } | undefined;
}

/** A file on this side. */
export interface Here {
  readonly storage: Storage;
  readonly path: Path;
  /** Looked up where it is left out. */
  readonly known?: { readonly entry: Known } | undefined;
}

/**
 * Whether a file is there on both sides and the same.
 * @throws {CommandFailed} or {StorageError}, where one cannot be looked at
 */
export async function isSame(
  session: Session,
  there: There,
  here: Here,
  comparison: Comparison,
  signal: AbortSignal,
): Promise<boolean> {
  if (comparison === "never") return false;
  const mine = await lookHere(here);
  if (mine?.type !== "file") return false;
  const theirs = await lookThere(session, there, signal);
  if (comparison === "size-and-time") return looksSame(theirs, mine);
  if (theirs?.type !== "file" || theirs.size !== mine.size) return false;
  return hasSameDigest(session, there, here, signal);
}

/**
 * Whether there is nothing to do for an entry of the source: what two listings have told of it says
 * so. Of 10,000 that are the same, 70 ms were spent on beginning to move each.
 */
export function isSettled(source: Known, target: Known, comparison: Comparison): boolean {
  if (source?.type === "folder") return target?.type === "folder";
  return comparison === "size-and-time" && looksSame(source, target);
}

/** Whether what is known of a place already says that a file has to be moved there. */
export function isKnownToDiffer(
  source: Known,
  target: { readonly entry: Known } | undefined,
  comparison: Comparison,
): boolean {
  if (source?.type !== "file" || target === undefined) return false;
  if (target.entry?.type !== "file" || target.entry.size !== source.size) return true;
  return comparison === "size-and-time" && !looksSame(source, target.entry);
}

function looksSame(one: Known, other: Known): boolean {
  if (one?.type !== "file" || other?.type !== "file") return false;
  return one.size === other.size && one.mtime === other.mtime;
}

/** Both sides digest at the same time. */
async function hasSameDigest(
  session: Session,
  there: There,
  here: Here,
  signal: AbortSignal,
): Promise<boolean> {
  const asked = session.request("STAT", there.path, { digest: true });
  const forget = onAbort(signal, () => asked.startCancel());
  try {
    // Nobody else may read the reply while it is awaited here, whatever fails meanwhile.
    const [theirs, mine] = await Promise.allSettled([asked.success(), digestHere(here)]);
    if (theirs.status === "rejected") throw theirs.reason;
    if (mine.status === "rejected") throw mine.reason;
    return digestField(theirs.value, "digest") === mine.value;
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    forget();
    await asked.cancel();
  }
}

/** What there is on this side; `undefined` for nothing. */
export async function lookHere({ storage, path, known }: Here): Promise<Known> {
  if (known !== undefined) return known.entry;
  try {
    return await storage.stat(path);
  } catch (error) {
    if (error instanceof StorageError && error.problem === "not-found") return undefined;
    throw error;
  }
}

/** What there is on the server; `undefined` for nothing. */
export async function lookThere(
  session: Session,
  { path, known }: There,
  signal: AbortSignal,
): Promise<Known> {
  if (known !== undefined) return known.entry;
  try {
    const reply = await ask(session, "STAT", path, {}, signal);
    const type = reply.fields.get("type") === "file" ? "file" : "folder";
    return { type, size: integerField(reply, "size"), mtime: integerField(reply, "mtime") };
  } catch (error) {
    if (error instanceof Refused && error.code === 550) return undefined;
    throw error;
  }
}

/** Why something cannot be moved as a file. */
export function noFile(shown: string, entry: Known): CommandFailed {
  return entry === undefined
    ? new CommandFailed(Status.notFound, `There is no file ${shown}`)
    : new CommandFailed(Status.refused, `${shown} is a folder: -r takes it`);
}

async function digestHere({ storage, path }: Here): Promise<bigint> {
  const source = await storage.open(path);
  try {
    const digest = new FileDigest();
    await digestRange(source, digest, {}, () => undefined);
    await source.unchanged();
    return digest.value();
  } finally {
    await source.close();
  }
}
