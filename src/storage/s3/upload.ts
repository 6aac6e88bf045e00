import { blockDigest } from "../../digest/block.ts";
import { StorageError, type Path } from "../errors.ts";
import { BLOCK_SIZE } from "../read-blocks.ts";
import type { Bucket } from "./bucket.ts";
import { metadataOf } from "./metadata.ts";
import { MOST_PARTS } from "./part-size.ts";
import { RecordTaken, type RecordedPart, type UploadRecord } from "./record.ts";
import { fromS3, S3Error } from "./s3-error.ts";

/** Bytes of parts that may be on their way to the store; one part may always be. */
const MOST_UNDER_WAY = 24 * 1024 * 1024;
const DIGEST_BYTES = 8;

/**
 * Sends a file to the store by parts. The record names a part when it and all before it are stored.
 */
export class MultipartUpload {
  readonly #bucket: Bucket;
  readonly #path: Path;
  readonly #key: string;
  readonly #record: UploadRecord;
  /** Parts that are stored while one before them is not. */
  readonly #early = new Map<number, RecordedPart>();
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #began: Promise<string> | undefined;
  #next: number;
  #bytes = 0;
  #failure: unknown;

  constructor(bucket: Bucket, path: Path, key: string, record: UploadRecord) {
    this.#bucket = bucket;
    this.#path = path;
    this.#key = key;
    this.#record = record;
    this.#next = record.parts.length;
  }

  /** Parts that were begun. */
  get begun(): number {
    return this.#next;
  }

  /** Why it cannot go on, if it cannot. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Begins a part. Settles when another may be begun; rejects where any has failed. */
  async add(content: Buffer): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#next++;
    if (number >= MOST_PARTS) {
      throw new StorageError("space", this.#path, (name) => `${name} has more parts than can be`);
    }
    this.#bytes += content.length;
    const running = this.#send(number, content)
      .catch((error: unknown) => {
        this.#failure ??= explain(error, this.#path);
      })
      .finally(() => {
        this.#bytes -= content.length;
        this.#running.delete(running);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    this.#running.add(running);
    while (this.#failure === undefined && this.#bytes >= MOST_UNDER_WAY) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Waits until all parts are stored. */
  async finish(): Promise<void> {
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #send(number: number, content: Buffer): Promise<void> {
    this.#began ??= this.#begin();
    const upload = await this.#began;
    const etag = await this.#bucket.putPart(this.#key, upload, number + 1, content);
    this.#early.set(number, { etag, size: content.length, digests: digestsOf(content) });
    const { parts } = this.#record;
    const before = parts.length;
    for (let part = this.#early.get(parts.length); part !== undefined;) {
      this.#early.delete(parts.length);
      parts.push(part);
      part = this.#early.get(parts.length);
    }
    if (parts.length > before) await this.#record.save();
  }

  async #begin(): Promise<string> {
    const record = this.#record;
    if (record.upload !== undefined) return record.upload;
    const upload = await this.#bucket.begin(
      this.#key,
      metadataOf({ ...record.attributes, side: record.id }),
    );
    record.upload = upload;
    await record.save();
    return upload;
  }
}

/** The digests of all blocks, one behind the other. */
export function digestsOf(content: Buffer): Buffer {
  const digests = Buffer.alloc(Math.ceil(content.length / BLOCK_SIZE) * DIGEST_BYTES);
  for (let at = 0, to = 0; at < content.length; at += BLOCK_SIZE, to += DIGEST_BYTES) {
    digests.writeBigUInt64BE(blockDigest(content.subarray(at, at + BLOCK_SIZE)), to);
  }
  return digests;
}

/** The opposite of `digestsOf`, as far as that goes. */
export function* eachDigest(digests: Buffer): Generator<bigint> {
  for (let at = 0; at < digests.length; at += DIGEST_BYTES) yield digests.readBigUInt64BE(at);
}

/** What an error means for an upload. */
export function explain(error: unknown, path: Path): unknown {
  if (error instanceof RecordTaken || (error instanceof S3Error && error.isNoUpload)) {
    return new StorageError(
      "taken",
      path,
      (name) => `Another server goes on with the upload of ${name}, or it was given up`,
    );
  }
  return fromS3(error, path);
}
