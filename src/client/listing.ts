import { blockDigest } from "../digest/block.ts";
import type { Path } from "../protocol/path.ts";
import { CommandFailed, Interrupted, brokenProtocol } from "./errors.ts";
import { orRefused, type Exchange } from "./exchange.ts";
import type { Session } from "./session.ts";
import { Status } from "./status.ts";

/** The longest listing that is taken, about a million entries, in bytes. */
const MAX_LISTING = 128 * 1024 * 1024;

/** An entry as the server lists it: nothing in it is trusted. */
export type RemoteEntry =
  | {
      readonly path: string;
      readonly type: "file" | "folder";
      readonly size: number;
      readonly mtime: number;
      readonly exec: boolean;
    }
  | { readonly path: string; readonly type: "refused"; readonly reason: string };

/** What to list, and how. */
export interface ListOptions {
  readonly recursive: boolean;
  /** Cancels it. */
  readonly signal: AbortSignal;
}

/**
 * Lists a folder of the server, or a file alone.
 * @throws {CommandFailed}
 */
export async function* listRemote(
  session: Session,
  path: Path,
  { recursive, signal }: ListOptions,
): AsyncGenerator<RemoteEntry> {
  const exchange = session.request("LIST", path, recursive ? { recursive } : {});
  const cancel = (): void => exchange.startCancel();
  signal.addEventListener("abort", cancel);
  try {
    const begun = await exchange.success();
    if (begun.code !== 150) throw brokenProtocol("The server's reply to LIST has no body");
    yield* readEntries(exchange);
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await exchange.cancel();
  }
}

async function* readEntries(exchange: Exchange): AsyncGenerator<RemoteEntry> {
  let bytes = 0;
  for (;;) {
    const event = await exchange.next();
    if (event.type === "reply") {
      orRefused(event.reply);
      return;
    }
    if (blockDigest(event.data) !== event.digest) {
      throw new CommandFailed(Status.mismatch, "The listing was damaged on the way");
    }
    bytes += event.data.length;
    if (bytes > MAX_LISTING) {
      throw new CommandFailed(
        Status.failed,
        "The listing is longer than this program takes: list a folder further down",
      );
    }
    for (const line of Buffer.from(event.data).toString().split("\n")) {
      if (line !== "") yield parseEntry(line);
    }
  }
}

/** @throws {SessionLost} where the line is no entry */
export function parseEntry(line: string): RemoteEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && "path" in value && "type" in value) {
    const { path, type } = value;
    if (typeof path === "string" && type === "refused") {
      const reason = "reason" in value && typeof value.reason === "string" ? value.reason : "";
      return { path, type, reason };
    }
    if (typeof path === "string" && (type === "file" || type === "folder")) {
      return {
        path,
        type,
        size: "size" in value ? count(value.size) : 0,
        mtime: "mtime" in value ? count(value.mtime) : 0,
        exec: "exec" in value && value.exec === true,
      };
    }
  }
  throw brokenProtocol("The server's listing holds something that is no entry");
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
