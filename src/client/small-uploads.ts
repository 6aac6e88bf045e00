import { blockDigest } from "../digest/block.ts";
import { smallFileDigest } from "../digest/file.ts";
import { formatBlockHeader } from "../protocol/block.ts";
import type { Path } from "../protocol/path.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatBodyEnd, formatRequest } from "../protocol/request.ts";
import type { SmallFile, Storage } from "../storage/storage.ts";
import { join } from "../transport/join.ts";
import { CommandFailed, Interrupted, isCancelled, isOfConnection } from "./errors.ts";
import { orRefused, type Exchange } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
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
  const moved = (file: F, reused: number, { size, digest }: Unconfirmed): void => {
    const seconds = (performance.now() - started) / 1000;
    watcher.moved(file, { bytes: size, reused, digest, seconds });
  };
  const stored = await Promise.all(files.map((file) => settle(session, file, signal)));
  const left: F[] = [];
  for (const [index, file] of files.entries()) {
    const settled = stored[index];
    if (settled !== undefined) moved(file, settled.size, settled);
    else if (file.unconfirmed === undefined) left.push(file);
  }
  await send(session, left, storage, signal, (file, reading, reply) => {
    const wrong = whatIsWrong(reply, reading);
    if (wrong === undefined) moved(file, 0, reading);
    else if (isOfConnection(wrong)) throw wrong;
    else if (!isCancelled(wrong)) watcher.failed(file, wrong);
  });
}

/** What a reply says against a file; `undefined` where it says that it is stored. */
function whatIsWrong(reply: Reply, { digest }: Unconfirmed): CommandFailed | undefined {
  try {
    confirmStored(orRefused(reply), digest);
    return undefined;
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
  readonly readings: readonly (readonly [F, Unconfirmed])[];
  readonly bytes: Uint8Array;
}

/** @param answered is told what the server answers; where it throws, that is no answer */
async function send<F extends SmallUpload>(
  session: Session,
  files: readonly F[],
  storage: Storage,
  signal: AbortSignal,
  answered: (file: F, reading: Unconfirmed, reply: Reply) => void,
): Promise<void> {
  let exchange: Exchange | undefined;
  const unsure = new Map<F, Unconfirmed>();
  const isSent = await session.groups.take();
  const forget = onAbort(signal, () => exchange?.startCancel());
  try {
    const begun = await begin(session, files, storage, signal, isSent);
    if (begun === undefined) return;
    ({ exchange } = begun);
    for (const [file, reading] of begun.readings) unsure.set(file, reading);
    for (const [file, reading] of begun.readings) {
      answered(file, reading, await exchange.reply());
      unsure.delete(file);
    }
  } finally {
    for (const [file, reading] of unsure) file.unconfirmed = reading;
    forget();
    if (exchange === undefined) isSent();
    await exchange?.tryLeave(0);
  }
}

/**
 * Reads files and begins to send them.
 * @returns those that were read, and what the server answers; `undefined` where none were
 */
async function begin<F extends SmallUpload>(
  session: Session,
  files: readonly F[],
  storage: Storage,
  signal: AbortSignal,
  onSent: () => void,
): Promise<(Pick<Batch<F>, "readings"> & { readonly exchange: Exchange }) | undefined> {
  if (signal.aborted) throw new Interrupted();
  if (files.length === 0) return undefined;
  session.checkOpen();
  const { readings, bytes } = await read(files, storage);
  if (readings.length === 0) return undefined;
  const exchange = await session.uploadAll(bytes, readings.length, signal, onSent);
  return { readings, exchange };
}

async function read<F extends SmallUpload>(
  files: readonly F[],
  storage: Storage,
): Promise<Batch<F>> {
  const contents = (await storage.readSmall?.(files.map(({ local }) => local))) ?? [];
  const readings: (readonly [F, Unconfirmed])[] = [];
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
    formatRequest("PUT", remote, putKeys({ size, mtime, exec })),
    ...(block === undefined ? [] : [formatBlockHeader(size, block), content]),
    formatBodyEnd("END", { digest }),
  ];
}
