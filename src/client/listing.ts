import { blockDigest } from "../digest/block.ts";
import { MAX_NAME, MAX_PATH } from "../protocol/limits.ts";
import type { Path } from "../protocol/path.ts";
import { MAX_LISTED_DEPTH } from "../storage/names.ts";
import { CommandFailed, Interrupted, brokenProtocol } from "./errors.ts";
import { orRefused, type Exchange } from "./exchange.ts";
import { passedEntry } from "./litter.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";
import { Status } from "./status.ts";
import { WaitingLines } from "./waiting-lines.ts";

/** The longest listing that is taken, about a million entries, in bytes. */
const MAX_LISTING = 128 * 1024 * 1024;
/**
 * The longest path in bytes that a listing may hold: a folder's with a name behind it, which may be
 * too long to be asked for, and in which three bytes can stand for one that is no UTF-8.
 */
const LONGEST = MAX_PATH + 1 + 3 * MAX_NAME;

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
  /** Told when all of it has come, used or not: from then on it cannot fail any more. */
  readonly onWhole?: () => void;
}

/**
 * Lists a folder of the server, or a file alone; gives some entries at a time. The listing is taken
 * in as it comes, however fast the entries are used: what is asked of the server meanwhile is answered
 * behind it. What waits does so in the form in which it came, so that the longest listing costs little
 * more than its length.
 * @throws {CommandFailed}
 */
export async function* listRemote(
  session: Session,
  path: Path,
  { recursive, signal, onWhole }: ListOptions,
): AsyncGenerator<readonly RemoteEntry[]> {
  const exchange = session.request("LIST", path, recursive ? { recursive } : {});
  const forget = onAbort(signal, () => exchange.startCancel());
  const blocks = new Blocks(exchange, onWhole);
  try {
    for (let lines = await blocks.next(); lines !== undefined; lines = await blocks.next()) {
      const { entries, bad } = parseEntries(lines, path);
      if (entries.length > 0) yield entries;
      if (bad !== undefined) throw session.violated(bad.message);
    }
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    forget();
    if (!blocks.ended) exchange.startCancel();
    await blocks.end();
    await exchange.cancel();
  }
}

/** The body of a listing, taken in as it comes. */
class Blocks {
  readonly #waiting = new WaitingLines();
  readonly #reading: Promise<void>;
  #news = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;
  ended = false;

  constructor(exchange: Exchange, onWhole: () => void = () => undefined) {
    this.#reading = this.#read(exchange)
      .then(onWhole)
      .catch((error: unknown) => this.#giveUp(exchange, error))
      .finally(() => {
        this.ended = true;
        this.#news.resolve();
      });
  }

  /** The next lines; `undefined` behind the last. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const lines = this.#waiting.take();
      if (lines !== undefined) return lines;
      if (this.ended && this.#failure !== undefined) throw this.#failure.error;
      if (this.ended) return undefined;
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }

  /** Waits until the server has said its last. */
  end(): Promise<void> {
    return this.#reading;
  }

  /** At once, and not when all that came is used: what was asked for behind it waits. */
  async #giveUp(exchange: Exchange, error: unknown): Promise<void> {
    this.#failure = { error };
    try {
      await exchange.cancel();
    } catch (lost) {
      this.#failure = { error: lost };
    }
  }

  async #read(exchange: Exchange): Promise<void> {
    const begun = await exchange.success();
    if (begun.code !== 150) throw brokenProtocol("The server's reply to LIST has no body");
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
      this.#waiting.add(event.data);
      event.release?.();
      this.#news.resolve();
    }
  }
}

/** Makes entries of lines, up to one that is none. */
function parseEntries(
  lines: string,
  listed: Path,
): { readonly entries: RemoteEntry[]; readonly bad?: BadEntry } {
  const entries: RemoteEntry[] = [];
  const prefix = listed.map((part) => `${part}/`).join("");
  try {
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      passedEntry();
      entries.push(judged(parseEntry(line), listed, prefix));
    }
    return { entries };
  } catch (error) {
    if (error instanceof BadEntry) return { entries, bad: error };
    throw error;
  }
}

/**
 * A part that is empty or leads elsewhere, or what may be no text. What has none, and no more
 * characters than folders may lie in each other, is not too deep, and not too long either.
 */
const ODD = /(?:^|\/)\.{0,2}(?:\/|$)|[\ud800-\udfff]/;

/** Why a line of a listing is none. */
export class BadEntry extends Error {
  override readonly name = "BadEntry";
}

/**
 * An entry that lies in what was listed. What lies deeper than a listing goes is told as its folder
 * that is refused, as our server does: whoever looks at each part of a path, for each path of a
 * listing, would otherwise be kept busy for hours.
 * @throws {BadEntry} where the server names something else, or something that no path can name
 */
function judged(entry: RemoteEntry, listed: Path, prefix: string): RemoteEntry {
  const { path } = entry;
  // Nearly all: of 10,000 it takes 3 ms rather than 10 to see that nothing can be wrong with them.
  if (path.length - prefix.length <= MAX_LISTED_DEPTH && path.startsWith(prefix)) {
    if (!ODD.test(path)) return entry;
  }
  const parts = path.split("/", listed.length + MAX_LISTED_DEPTH + 2);
  const inside = listed.every((part, index) => part === parts[index]);
  const isDeep = parts.length > listed.length + MAX_LISTED_DEPTH + 1;
  if (isDeep) parts.pop();
  const cut = isDeep ? parts.join("/") : path;
  const wellFormed = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!inside || !wellFormed || !cut.isWellFormed() || Buffer.byteLength(cut) > LONGEST) {
    const where = listed.length === 0 ? "the root" : listed.join("/");
    const named = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
    throw new BadEntry(`its listing of ${where} names ${named}`);
  }
  if (!isDeep) return entry;
  return { path: cut, type: "refused", reason: `more than ${MAX_LISTED_DEPTH} folders deep` };
}

/** @throws {BadEntry} where the line is no entry */
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
        // Not the one that was read: a million of these are a million strings.
        type: type === "file" ? "file" : "folder",
        size: "size" in value ? count(value.size) : 0,
        mtime: "mtime" in value ? count(value.mtime) : 0,
        exec: "exec" in value && value.exec === true,
      };
    }
  }
  throw new BadEntry("its listing holds something that is no entry");
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
