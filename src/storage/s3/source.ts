import { StorageError, type Path } from "../errors.ts";
import type { Item, Source } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { ObjectInfo } from "./reply.ts";
import type { Keys } from "./keys.ts";
import { itemOf, keptOf } from "./metadata.ts";
import { UploadRecord } from "./record.ts";
import { fromS3, S3Error } from "./s3-error.ts";
import type { Tree } from "./tree.ts";

/** What the first request brings, in bytes: a small file whole. */
const FIRST_BYTES = 512 * 1024;
/** What each further request brings, in bytes. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** How many of them are under way or waiting to be used. */
const PIECES_AHEAD = 3;

/** What reading needs of the storage. */
export interface SourceContext {
  readonly bucket: Bucket;
  readonly keys: Keys;
  readonly tree: Tree;
}

/** Opens a file for reading: one request, which brings its beginning as well. */
export async function openSource(context: SourceContext, path: Path): Promise<Source> {
  const { key, info, first } = await begin(context, path);
  return new S3Source(context, path, key, info, first, await digestOf(context, path, info));
}

/**
 * Opens a small file, which comes whole. What is larger would be pinned to what it is now, and may
 * be another when its turn comes.
 * @returns `undefined` for that, and for what cannot be opened
 */
export async function openSmall(context: SourceContext, path: Path): Promise<Source | undefined> {
  try {
    const { key, info, first } = await begin(context, path);
    if (info.size > first.length) return undefined;
    return new S3Source(context, path, key, info, first, await digestOf(context, path, info));
  } catch (error) {
    if (error instanceof StorageError || error instanceof S3Error) return undefined;
    throw error;
  }
}

/** What there is of a file, and its first bytes. */
async function begin(
  { bucket, keys, tree }: SourceContext,
  path: Path,
): Promise<{ readonly key: string; readonly info: ObjectInfo; readonly first: Buffer }> {
  if (path.length === 0) await tree.file(path);
  const key = keys.file(path);
  try {
    const { body: first, info } = await bucket.getRange(key, 0, FIRST_BYTES);
    return { key, info, first };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    // An empty object has no range.
    if (error.status !== 404 && error.status !== 416) throw fromS3(error, path);
    const info = await tree.file(path);
    if (info.size > 0) throw fromS3(error, path);
    return { key, info, first: Buffer.alloc(0) };
  }
}

/** The digest that a file was stored with; `undefined` where nobody knows it. */
export async function digestOf(
  { bucket, keys }: SourceContext,
  path: Path,
  info: ObjectInfo,
): Promise<bigint | undefined> {
  const { digest, side } = keptOf(info);
  if (side === undefined || !/^[0-9a-f-]{1,64}$/.test(side)) return digest;
  const finished = await UploadRecord.finished(bucket, keys, side);
  // What was copied by others is not the file that the side object is about.
  return finished?.path.join("/") === path.join("/") ? finished.digest : digest;
}

class S3Source implements Source {
  readonly path: Path;
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
  readonly digest: bigint | undefined;
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #etag: string;
  /** Pieces that were asked for, by their number. */
  readonly #pieces = new Map<number, Promise<Buffer>>();
  readonly #closed = new AbortController();

  constructor(
    { bucket }: SourceContext,
    path: Path,
    key: string,
    info: ObjectInfo,
    first: Buffer,
    digest: bigint | undefined,
  ) {
    const { size, mtime, exec }: Item = itemOf(info);
    this.path = path;
    this.size = size;
    this.mtime = mtime;
    this.exec = exec;
    this.digest = digest;
    this.#bucket = bucket;
    this.#key = key;
    this.#etag = info.etag;
    this.#pieces.set(0, Promise.resolve(first));
  }

  async read(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    let done = 0;
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length;) {
        const from = offset + done;
        if (from >= this.size) return done;
        const number = pieceAt(from);
        const piece = await this.#piece(number);
        const start = from - startOf(number);
        const bytes = piece.subarray(start, start + buffer.length - at);
        if (bytes.length === 0) return done;
        buffer.set(bytes, at);
        at += bytes.length;
        done += bytes.length;
      }
    }
    return done;
  }

  /** Each request names the object that was opened. */
  async unchanged(): Promise<void> {
    // Nothing of another one can have been read.
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#pieces.clear();
  }

  async #piece(number: number): Promise<Buffer> {
    for (const old of this.#pieces.keys()) if (old < number) this.#pieces.delete(old);
    for (let next = number; next < number + PIECES_AHEAD; next++) {
      if (startOf(next) >= this.size) break;
      if (this.#pieces.has(next)) continue;
      const piece = this.#fetch(next);
      // It is told to whoever comes to use it.
      piece.catch(() => undefined);
      this.#pieces.set(next, piece);
    }
    const piece = this.#pieces.get(number) ?? this.#fetch(number);
    return piece;
  }

  async #fetch(number: number): Promise<Buffer> {
    const from = startOf(number);
    const length = Math.min(startOf(number + 1), this.size) - from;
    try {
      const { signal } = this.#closed;
      return (await this.#bucket.getRange(this.#key, from, length, this.#etag, signal)).body;
    } catch (error) {
      if (!(error instanceof S3Error) || !GONE.has(error.status)) throw fromS3(error, this.path);
      throw new StorageError("changed", this.path, (name) => `${name} changed while it was read`);
    }
  }
}

/** It is another one now, or a shorter one, or none. */
const GONE = new Set([404, 412, 416]);

function pieceAt(offset: number): number {
  return offset < FIRST_BYTES ? 0 : 1 + Math.floor((offset - FIRST_BYTES) / PIECE_BYTES);
}

function startOf(piece: number): number {
  return piece === 0 ? 0 : FIRST_BYTES + (piece - 1) * PIECE_BYTES;
}
