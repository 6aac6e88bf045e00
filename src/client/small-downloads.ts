import { blockDigest } from "../digest/block.ts";
import { smallFileDigest } from "../digest/file.ts";
import type { Path } from "../protocol/path.ts";
import { StorageError } from "../storage/errors.ts";
import { SMALL } from "../storage/read-blocks.ts";
import type { NewSmallFile, Storage } from "../storage/storage.ts";
import { brokenProtocol, CommandFailed } from "./errors.ts";
import { orRefused, type BodyEvent, type Exchange } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";
import type { Transferred } from "./transfer.ts";

/** Of a file that has grown since it was listed so many bytes are read and dropped. */
const MOST_DROPPED = 1024 * 1024;

/** A small file that is to be got. */
export interface SmallDownload {
  readonly remote: Path;
  readonly local: Path;
}

/**
 * Gets small files with one request, and stores them together, as far as nothing is unusual about
 * them: each by itself takes a dozen steps, which cost many times as much.
 * @returns in place of each that `Download` is to be asked for, which then finds out what is wrong,
 * `undefined`: nothing has happened to it
 */
export async function downloadSmall(
  session: Session,
  files: readonly SmallDownload[],
  storage: Storage,
  signal: AbortSignal,
): Promise<readonly (Transferred | undefined)[]> {
  if (signal.aborted) return [];
  const started = performance.now();
  const came: (NonNullable<Came["whole"]> & { readonly index: number; readonly path: Path })[] = [];
  const exchange = session.requestAll(
    "GET",
    files.map(({ remote }) => remote),
  );
  const forget = onAbort(signal, () => exchange.startCancel());
  let left = 0;
  try {
    for (const [index, { local: path }] of files.entries()) {
      if (signal.aborted) left = Infinity;
      if (left > 0) break;
      const { size, whole } = await receive(exchange);
      // To wait for what has become large is of no use, and all behind it is cancelled with it.
      if (size > MOST_DROPPED) left = size;
      if (whole !== undefined) came.push({ index, path, ...whole });
    }
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    left = Infinity;
  } finally {
    forget();
    await exchange.tryLeave(left);
  }
  const stored = await storage.storeSmall?.(came);
  const seconds = (performance.now() - started) / 1000;
  const done: (Transferred | undefined)[] = files.map(() => undefined);
  for (const [place, file] of came.entries()) {
    const { index, content, digest } = file;
    const bytes = content.length;
    if (stored?.[place] === undefined && !(await storeAlone(storage, file))) continue;
    done[index] = { bytes, reused: 0, digest, seconds };
    file.release?.();
  }
  return done;
}

/** What has come is not asked for again where it only cannot be stored together. */
async function storeAlone(
  storage: Storage,
  { path, content, attributes }: NewSmallFile,
): Promise<boolean> {
  try {
    const sink = await storage.create(path, { size: content.length, attributes });
    try {
      if (content.length > 0) await sink.write(content);
      await sink.commit(attributes);
    } catch (error) {
      await sink.abort();
      throw error;
    }
    return true;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

/** What came of one file: its size, and all of it where it is small and verified. */
interface Came {
  readonly size: number;
  readonly whole?: Omit<NewSmallFile, "path"> & {
    readonly digest: bigint;
    /** Gives the content's memory back. */
    readonly release?: (() => void) | undefined;
  };
}

async function receive(exchange: Exchange): Promise<Came> {
  const begun = orKnown(await next(exchange));
  if (!begun.ok) return { size: 0 };
  if (begun.code !== 150) throw brokenProtocol("The server's reply to GET has no body");
  const size = integerField(begun, "size");
  if (size > MOST_DROPPED) return { size };
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
      ({ data: content, release } = event);
      block = blockDigest(content);
      verified &&= block === event.digest;
      continue;
    }
    if (!event.reply.ok) return { size };
    const digest = smallFileDigest(block);
    verified &&=
      content.length === size && digestField(orRefused(event.reply), "digest") === digest;
    return verified ? { size, whole: { content, attributes, digest, release } } : { size };
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
