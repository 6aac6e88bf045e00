import { blockDigest } from "../digest/block.ts";
import { smallFileDigest } from "../digest/file.ts";
import { PACK } from "../protocol/pack.ts";
import type { Path } from "../protocol/path.ts";
import { StorageError } from "../storage/errors.ts";
import { SMALL } from "../storage/read-blocks.ts";
import type { NewSmallFile, Storage } from "../storage/storage.ts";
import {
  brokenProtocol,
  CommandFailed,
  Interrupted,
  isCancelled,
  isOfConnection,
  refusalOf,
  type Refused,
} from "./errors.ts";
import { LITTLE, type BodyEvent, type Exchange } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import { onAbort } from "./on-abort.ts";
import { receivePacked } from "./packed-downloads.ts";
import { packed, unpacked } from "./packs.ts";
import type { SmallDownload, Taker, Whole } from "./small-download.ts";
import type { Session } from "./session.ts";
import type { Watcher } from "./transfer.ts";

/**
 * Gets small files, asked for with one write, and stores them together, as far as nothing is unusual
 * about them: each by itself takes a dozen steps, which cost many times as much.
 * @param watcher is told of each what becomes of it. `Download` is to be asked for those that it is
 * told nothing of, which then finds out what is wrong: nothing has happened to them
 * @throws {CommandFailed} where the connection is lost, or the server leaves, or the user interrupts
 */
export async function downloadSmall<F extends SmallDownload>(
  session: Session,
  files: readonly F[],
  storage: Storage,
  signal: AbortSignal,
  watcher: Watcher<F>,
): Promise<void> {
  if (signal.aborted) throw new Interrupted();
  const started = performance.now();
  const came: (Whole & { readonly file: F; readonly path: Path })[] = [];
  const taker: Taker<F> = {
    came: (file, whole) => {
      came.push({ file, path: file.local, ...whole });
      watcher.came?.(file, whole.content.length);
    },
    refused: (file, refused) => watcher.failed(file, refused),
  };
  let failure: CommandFailed | undefined;
  const { packs, others } = session.features.has(PACK) ? packed(files) : unpacked(files);
  // Both are asked for before the first comes.
  const asking = [
    receivePacked(session, packs, signal, taker),
    receiveEach(session, others, signal, taker),
  ];
  for (const asked of await Promise.allSettled(asking)) {
    if (asked.status === "fulfilled") continue;
    if (!(asked.reason instanceof CommandFailed)) throw asked.reason;
    failure ??= asked.reason;
  }
  // Also what came before it failed.
  const stored = await storage.storeSmall?.(came);
  for (const [place, one] of came.entries()) {
    const { file, digest } = one;
    const wrong = stored?.[place] === undefined ? await storeAlone(storage, one) : undefined;
    const seconds = (performance.now() - started) / 1000;
    if (wrong !== undefined) watcher.failed(file, wrong);
    else watcher.moved(file, { bytes: one.content.length, reused: 0, digest, seconds });
    // Behind this there is nothing left of it, perhaps not even its length.
    one.release?.();
  }
  if (failure !== undefined) throw failure;
}

async function receiveEach<F extends SmallDownload>(
  session: Session,
  files: readonly F[],
  signal: AbortSignal,
  taker: Taker<F>,
): Promise<void> {
  if (files.length === 0) return;
  const exchange = session.requestAll(
    "GET",
    files.map(({ remote }) => remote),
  );
  const forget = onAbort(signal, () => exchange.startCancel());
  let left = 0;
  try {
    for (const file of files) {
      if (signal.aborted) throw new Interrupted();
      if (left > 0) break;
      const { size, whole, refused } = await receive(exchange);
      // Of a file that has grown little is read and dropped. To wait for what has become large is of
      // no use, and all behind it is cancelled with it.
      if (size > LITTLE) left = size;
      if (isOfConnection(refused)) throw refused;
      if (refused !== undefined && !isCancelled(refused)) taker.refused(file, refused);
      if (whole !== undefined) taker.came(file, whole);
    }
  } catch (error) {
    left = Infinity;
    throw error;
  } finally {
    forget();
    await exchange.tryLeave(left);
  }
}

/**
 * What has come is not asked for again where it cannot be stored together.
 * @returns why it cannot be stored at all
 */
async function storeAlone(
  storage: Storage,
  { path, content, attributes }: NewSmallFile,
): Promise<StorageError | undefined> {
  try {
    const sink = await storage.create(path, { size: content.length, attributes });
    try {
      if (content.length > 0) await sink.write(content);
      await sink.commit(attributes);
    } catch (error) {
      await sink.abort();
      throw error;
    }
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

/** What came of one file: its size, and all of it or why there is none; neither where it is odd. */
interface Came {
  readonly size: number;
  readonly whole?: Whole;
  readonly refused?: Refused;
}

async function receive(exchange: Exchange): Promise<Came> {
  const begun = orKnown(await next(exchange));
  if (!begun.ok) return { size: 0, refused: refusalOf(begun) };
  if (begun.code !== 150) throw brokenProtocol("The server's reply to GET has no body");
  const size = integerField(begun, "size");
  if (size > LITTLE) return { size };
  const attributes = {
    mtime: integerField(begun, "mtime"),
    exec: begun.fields.get("exec") === "1",
  };
  let content: Uint8Array = new Uint8Array(0);
  let release: (() => void) | undefined;
  let block: bigint | undefined;
  let verified = size <= SMALL && integerField(begun, "offset") === 0;
  for (;;) {
    const event = await next(exchange);
    if (event.type === "block") {
      release?.();
      ({ data: content, release } = event);
      block = blockDigest(content);
      verified &&= block === event.digest;
      continue;
    }
    if (!event.reply.ok) {
      release?.();
      return { size, refused: refusalOf(event.reply) };
    }
    const digest = smallFileDigest(block);
    verified &&= content.length === size && digestField(event.reply, "digest") === digest;
    if (verified) return { size, whole: { content, attributes, digest: () => digest, release } };
    release?.();
    return { size };
  }
}

/** What has come is taken without a pause. */
function next(exchange: Exchange): BodyEvent | Promise<BodyEvent> {
  return exchange.nextNow() ?? exchange.next();
}

function orKnown(event: BodyEvent) {
  if (event.type === "reply") return event.reply;
  throw brokenProtocol("The server sent a block where a reply was due");
}
