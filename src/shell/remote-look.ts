import { ask } from "../client/ask.ts";
import { brokenProtocol, CommandFailed, Refused } from "../client/errors.ts";
import { integerField } from "../client/fields.ts";
import { listRemote, type RemoteEntry } from "../client/listing.ts";
import type { Session } from "../client/session.ts";
import { Status } from "../client/status.ts";
import type { Path } from "../protocol/path.ts";
import { encodeText } from "../protocol/text.ts";
import { StorageError } from "../storage/errors.ts";
import type { ShellContext } from "./context.ts";

/** What a look tells of a file or folder of the server. */
export type RemoteItem = Exclude<RemoteEntry, { type: "refused" }> & {
  /** Where it was asked for: 16 hex digits. */
  readonly digest?: string;
};

/** @throws {CommandFailed} */
export async function lookAt(
  { signal }: ShellContext,
  session: Session,
  path: Path,
  { digest = false }: { readonly digest?: boolean } = {},
): Promise<RemoteItem> {
  const keys = digest ? ({ digest } as const) : {};
  const reply = await neutrally(path, ask(session, "STAT", path, keys, signal));
  const type = reply.fields.get("type");
  if (type !== "file" && type !== "folder") {
    throw brokenProtocol("The server's reply to STAT tells of neither a file nor a folder");
  }
  const told = reply.fields.get("digest");
  return {
    path: path.join("/"),
    type,
    size: integerField(reply, "size"),
    mtime: integerField(reply, "mtime"),
    exec: reply.fields.get("exec") === "1",
    ...(digest && told !== undefined ? { digest: told } : {}),
  };
}

/** Whether there is a folder of that name. Ctrl-C ends that too; whatever else is wrong with it is told by who needs it. */
export async function isRemoteFolder(
  context: ShellContext,
  session: Session,
  path: Path,
): Promise<boolean> {
  try {
    return path.length === 0 || (await lookAt(context, session, path)).type === "folder";
  } catch (error) {
    if (error instanceof Refused && error.code !== 421) return false;
    throw error;
  }
}

/** Whether there is anything of that name, as far as it can be looked at. */
export async function isThere(
  context: ShellContext,
  session: Session,
  path: Path,
): Promise<boolean> {
  try {
    await lookAt(context, session, path);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code !== 421) return false;
    throw error;
  }
}

/** Whether something failed because what was named, on either side, is no file. */
export function isNoFile(error: unknown): boolean {
  if (error instanceof Refused) return error.word === "not-a-file";
  return error instanceof StorageError && error.problem === "not-a-file";
}

/**
 * All that a folder of the server holds, or a file alone.
 * @throws {CommandFailed}
 */
export async function collectListing(
  { signal }: ShellContext,
  session: Session,
  path: Path,
  { recursive }: { readonly recursive: boolean },
): Promise<RemoteEntry[]> {
  const listing = listRemote(session, path, { recursive, signal });
  return (await neutrally(path, Array.fromAsync(listing))).flat();
}

/** Does not speak of a file where anything was asked for, and nothing is there. */
export async function neutrally<T>(path: Path, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const name = path.join("/");
    if (error instanceof Refused && name === "" && error.word === "not-found") {
      throw new Refused(error.code, error.word, "The folder that is served is gone");
    }
    if (!(error instanceof Refused) || error.message !== `There is no file ${name}`) throw error;
    const message = `There is no file or folder ${encodeText(name)}`;
    throw new Refused(error.code, error.word, message);
  }
}

/** @throws {CommandFailed} status 6, for the root, the folder that the user is in, and those above */
export function checkMovable({ remoteFolder }: ShellContext, path: Path, verb: string): void {
  if (path.length === 0) {
    throw new CommandFailed(Status.refused, `The root itself cannot be ${verb}`);
  }
  if (path.every((part, index) => part === remoteFolder[index])) {
    const name = path.join("/");
    throw new CommandFailed(
      Status.refused,
      `You are in ${name}, which can therefore not be ${verb}: use CD to leave it first`,
    );
  }
}

/** Says that a file was named where a folder is wanted. */
export function notAFolder(path: Path, hint = ""): Refused {
  return new Refused(
    553,
    "not-a-file",
    `${encodeText(path.join("/"))} is a file, no folder${hint}`,
  );
}

/** A path of the server as people know it. */
export function shownPath(path: Path): string {
  return `/${path.join("/")}`;
}
