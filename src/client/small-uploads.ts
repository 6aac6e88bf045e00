import { blockDigest } from "../digest/block.ts";
import { contentDigest, smallFileDigest } from "../digest/file.ts";
import { formatBlockHeader, frameBlock, MAX_BLOCK_HEADER } from "../protocol/block.ts";
import { packBlocks, UNPACK } from "../protocol/pack.ts";
import type { Path } from "../protocol/path.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatBodyEnd, formatRequest } from "../protocol/request.ts";
import { parseDecimal } from "../protocol/text.ts";
import { roomFor } from "../storage/read-blocks.ts";
import type { SmallFile, Storage } from "../storage/storage.ts";
import { join } from "../transport/join.ts";
import {
  brokenProtocol,
  CommandFailed,
  Interrupted,
  isCancelled,
  isOfConnection,
  refusalOf,
} from "./errors.ts";
import { orRefused, type Exchange, type Success } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import type { Piece } from "./outbox.ts";
import { packed, unpacked } from "./packs.ts";
import { confirmStored, putKeys } from "./send-body.ts";
import type { Session } from "./session.ts";
import type { Watcher } from "./transfer.ts";
import { hasStored, type Unconfirmed } from "./upload.ts";

/** A small file that is to be sent. */
export interface SmallUpload {
  readonly local: Path;
  readonly remote: Path;
  /** Filled in where it was sent and no reply came: it is asked for before it is sent again. */
  unconfirmed?: Unconfirmed | undefined;
}

/**
 * Reads small files together and sends them as one, as far as nothing is unusual about them: each
 * by itself takes a dozen steps, which cost many times as much.
 * @param watcher is told of each what the server answers. `Upload` is to be asked for those that it is
 * told nothing of: that finds out what is wrong
 * @throws {CommandFailed} where the connection is lost, or the server leaves: some may be there
 */
export async function uploadSmall<F extends SmallUpload>(
  session: Session,
  files: readonly F[],
  storage: Storage,
  signal: AbortSignal,
  watcher: Watcher<F>,
): Promise<void> {
  const started = performance.now();
  const moved = (file: F, reused: number, { size, digest }: Reading): void => {
    const seconds = (performance.now() - started) / 1000;
    watcher.moved(file, { bytes: size, reused, digest, seconds });
  };
  const stored = await Promise.all(files.map((file) => settle(session, file, signal)));
  const left: F[] = [];
  for (const [index, file] of files.entries()) {
    const settled = stored[index];
    if (settled !== undefined) {
      const { size, digest } = settled;
      moved(file, size, { size, digest: () => digest });
    } else if (file.unconfirmed === undefined) left.push(file);
  }
  const { packs, others } = maySendPacks(session) ? packed(left) : unpacked(left);
  const answered: Answered<F> = (file, reading, verdict) => {
    if (verdict === "stored") moved(file, 0, reading);
    else if (verdict === "left") return;
    else if (isOfConnection(verdict)) throw verdict;
    else if (!isCancelled(verdict)) watcher.failed(file, verdict);
  };
  const sending = packs.map(({ folder, files: some }) =>
    send(session, some, (read) => asPack(folder, read), storage, signal, answered),
  );
  sending.push(send(session, others, oneByOne, storage, signal, answered));
  for (const sent of await Promise.allSettled(sending)) {
    if (sent.status === "rejected") throw sent.reason;
  }
}

/** What the server says of a file: also why not, or that it is to be sent by itself. */
type Verdict = "stored" | "left" | CommandFailed;
type Answered<F> = (file: F, reading: Reading, verdict: Verdict) => void;

/** What was read of a file. */
interface Reading {
  /** Bytes. */
  readonly size: number;
  /** Computed where it is wanted. */
  readonly digest: () => bigint;
}

/** Whether packs are of use: what they may not replace they leave. */
function maySendPacks({ features, denied }: Session): boolean {
  return features.has(UNPACK) && !denied.has("replace") && !denied.has("add");
}

function verdictOf(reply: Reply, { digest }: Reading): Verdict {
  try {
    confirmStored(orRefused(reply), digest());
    return "stored";
  } catch (error) {
    if (error instanceof CommandFailed) return error;
    throw error;
  }
}

/** Asks whether a file whose reply was lost was stored. */
async function settle(
  session: Session,
  file: SmallUpload,
  signal: AbortSignal,
): Promise<Unconfirmed | undefined> {
  const { unconfirmed } = file;
  if (unconfirmed === undefined) return undefined;
  try {
    const isStored = await hasStored(session, file.remote, unconfirmed, signal);
    file.unconfirmed = undefined;
    return isStored ? unconfirmed : undefined;
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

/** Files that were read, as they are sent. */
interface Batch<F> {
  readonly readings: readonly (readonly [F, Reading])[];
  readonly pieces: readonly Piece[];
  /** How many requests they are. */
  readonly requests: number;
  /** Reads what the server answers, and tells it of each; a file that it tells nothing of is left. */
  readonly replies: (exchange: Exchange, answered: Answered<F>) => Promise<void>;
}

/** What makes a batch of files. */
type Packing<F> = (files: readonly (readonly [F, SmallFile])[]) => Batch<F>;

/** @param answered is told of each file; where it throws, that is no answer */
async function send<F extends SmallUpload>(
  session: Session,
  files: readonly F[],
  packing: Packing<F>,
  storage: Storage,
  signal: AbortSignal,
  answered: Answered<F>,
): Promise<void> {
  if (files.length === 0) return;
  let exchange: Exchange | undefined;
  const unsure = new Map<F, Reading>();
  const isSent = await session.groups.take();
  const forget = onAbort(signal, () => exchange?.startCancel());
  try {
    if (signal.aborted) throw new Interrupted();
    session.checkOpen();
    const contents = (await storage.readSmall?.(files.map(({ local }) => local))) ?? [];
    const read = files.flatMap((file, index) => {
      const content = contents[index];
      return content === undefined ? [] : [[file, content] as const];
    });
    if (read.length === 0) return;
    const { readings, pieces, requests, replies } = packing(read);
    exchange = await session.uploadAll(pieces, requests, signal, isSent);
    for (const [file, reading] of readings) unsure.set(file, reading);
    await replies(exchange, (file, reading, verdict) => {
      answered(file, reading, verdict);
      unsure.delete(file);
    });
  } finally {
    for (const [file, { size, digest }] of unsure) file.unconfirmed = { size, digest: digest() };
    forget();
    if (exchange === undefined) isSent();
    await exchange?.tryLeave(0);
  }
}

/** A PUT for each. */
function oneByOne<F extends SmallUpload>(files: readonly (readonly [F, SmallFile])[]): Batch<F> {
  const readings: (readonly [F, Reading])[] = [];
  const pieces: (string | Uint8Array)[] = [];
  for (const [file, { content, mtime, exec }] of files) {
    const size = content.length;
    const block = size === 0 ? undefined : blockDigest(content);
    const digest = smallFileDigest(block);
    readings.push([file, { size, digest: () => digest }]);
    pieces.push(formatRequest("PUT", file.remote, putKeys({ size, mtime, exec })));
    if (block !== undefined) pieces.push(formatBlockHeader(size, block), content);
    pieces.push(formatBodyEnd("END", { digest }));
  }
  return {
    readings,
    pieces: [{ data: join(pieces) }],
    requests: readings.length,
    async replies(exchange, answered) {
      for (const [file, reading] of readings) {
        answered(file, reading, verdictOf(await exchange.reply(), reading));
      }
    },
  };
}

/** One UNPACK for all, which are in this folder. */
function asPack<F extends SmallUpload>(
  folder: Path,
  files: readonly (readonly [F, SmallFile])[],
): Batch<F> {
  const names = files.map(([{ remote }]) => remote.at(-1) ?? "");
  const contents = files.map(([, read]) => read);
  const pieces: Piece[] = [{ data: formatRequest("UNPACK", folder, { names }) }];
  for (const { buffer, length, release } of packBlocks(contents, roomFor)) {
    const block = buffer.subarray(MAX_BLOCK_HEADER, MAX_BLOCK_HEADER + length);
    pieces.push({ data: frameBlock(buffer, length, blockDigest(block)), onTaken: release });
  }
  pieces.push({ data: formatBodyEnd("END", {}) });
  const readings = files.map(([file, { content }]) => {
    return [file, { size: content.length, digest: () => contentDigest(content) }] as const;
  });
  return {
    readings,
    pieces,
    requests: 1,
    async replies(exchange, answered) {
      const reply = await exchange.reply();
      const refused = reply.ok ? undefined : refusalOf(reply);
      if (isOfConnection(refused)) throw refused;
      const left = reply.ok ? leftOf(reply, readings.length) : undefined;
      for (const [place, [file, reading]] of readings.entries()) {
        // What is wrong with it is told where it is sent by itself.
        answered(file, reading, left?.has(place) === false ? "stored" : "left");
      }
    },
  };
}

/** The places of those that the server has not stored. */
function leftOf(reply: Success, count: number): ReadonlySet<number> {
  const named = reply.fields.get("left");
  const places = named === undefined ? [] : named.split(",").map(parseDecimal);
  return new Set(
    places.map((place) => {
      if (place !== undefined && place < count) return place;
      throw brokenProtocol("The server's reply to UNPACK names no file that was sent");
    }),
  );
}
