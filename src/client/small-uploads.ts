import { blockDigest } from "../digest/block.ts";
import { smallFileDigest } from "../digest/file.ts";
import { formatBlockHeader } from "../protocol/block.ts";
import type { Path } from "../protocol/path.ts";
import { formatBodyEnd, formatRequest } from "../protocol/request.ts";
import type { SmallFile, Storage } from "../storage/storage.ts";
import { join } from "../transport/join.ts";
import { CommandFailed } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { digestField } from "./fields.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";
import type { Transferred } from "./transfer.ts";
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
 * @returns in place of each that `Upload` is to be asked for, which then finds out what is wrong,
 * `undefined`
 */
export async function uploadSmall(
  session: Session,
  files: readonly SmallUpload[],
  storage: Storage,
  signal: AbortSignal,
): Promise<readonly (Transferred | undefined)[]> {
  const started = performance.now();
  const stored = await Promise.all(files.map((file) => settle(session, file, signal)));
  const left = files.filter((file, index) => !stored[index] && file.unconfirmed === undefined);
  const sent = await send(session, left, storage, signal);
  const seconds = (performance.now() - started) / 1000;
  return files.map((file, index) => {
    const settled = stored[index];
    if (settled)
      return { bytes: settled.size, reused: settled.size, digest: settled.digest, seconds };
    const done = sent.get(file);
    return done && { bytes: done.size, reused: 0, digest: done.digest, seconds };
  });
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
interface Batch {
  readonly readings: readonly (readonly [SmallUpload, Unconfirmed])[];
  readonly bytes: Uint8Array;
}

/** @returns those that the server has stored */
async function send(
  session: Session,
  files: readonly SmallUpload[],
  storage: Storage,
  signal: AbortSignal,
): Promise<ReadonlyMap<SmallUpload, Unconfirmed>> {
  const done = new Map<SmallUpload, Unconfirmed>();
  let exchange: Exchange | undefined;
  let readings: Batch["readings"] = [];
  let answered = 0;
  const isSent = await session.groups.take();
  const forget = onAbort(signal, () => exchange?.startCancel());
  try {
    ({ readings, exchange } = await begin(session, files, storage, signal, isSent));
    for (const [file, reading] of readings) {
      if (exchange === undefined) break;
      const reply = await exchange.reply();
      answered++;
      if (reply.ok && digestField(reply, "digest") === reading.digest) done.set(file, reading);
    }
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // Nothing has left the program where it was interrupted before its turn.
    const unsure = exchange === undefined ? [] : readings.slice(answered);
    for (const [file, reading] of unsure) file.unconfirmed = reading;
  } finally {
    forget();
    if (exchange === undefined) isSent();
    await exchange?.tryLeave(0);
  }
  return done;
}

/**
 * Reads files and begins to send them.
 * @returns those that were read, and what the server answers; nothing where none were
 */
async function begin(
  session: Session,
  files: readonly SmallUpload[],
  storage: Storage,
  signal: AbortSignal,
  onSent: () => void,
): Promise<Pick<Batch, "readings"> & { readonly exchange?: Exchange }> {
  if (signal.aborted || files.length === 0) return { readings: [] };
  session.checkOpen();
  const { readings, bytes } = await read(files, storage);
  if (readings.length === 0) return { readings };
  const exchange = await session.uploadAll(bytes, readings.length, signal, onSent);
  return { readings, exchange };
}

async function read(files: readonly SmallUpload[], storage: Storage): Promise<Batch> {
  const contents = (await storage.readSmall?.(files.map(({ local }) => local))) ?? [];
  const readings: (readonly [SmallUpload, Unconfirmed])[] = [];
  const pieces: (string | Uint8Array)[] = [];
  for (const [index, file] of files.entries()) {
    const content = contents[index];
    if (content === undefined) continue;
    const size = content.content.length;
    const block = size === 0 ? undefined : blockDigest(content.content);
    const digest = smallFileDigest(block);
    readings.push([file, { size, digest }]);
    pieces.push(...formatUpload(file.remote, content, block, digest));
  }
  return { readings, bytes: join(pieces) };
}

function formatUpload(
  remote: Path,
  { content, mtime, exec }: SmallFile,
  block: bigint | undefined,
  digest: bigint,
): (string | Uint8Array)[] {
  const size = content.length;
  return [
    formatRequest("PUT", remote, { size, mtime, ...(exec ? { exec } : {}) }),
    ...(block === undefined ? [] : [formatBlockHeader(size, block), content]),
    formatBodyEnd("END", { digest }),
  ];
}
