import { FileDigest } from "../../digest/file.ts";
import { formatSizes } from "../../observe/units.ts";
import { StorageError, type Path } from "../errors.ts";
import { Ending } from "../ending.ts";
import { randomId } from "../ids.ts";
import { BLOCK_SIZE } from "../read-blocks.ts";
import type { Attributes, CreateOptions, Sink } from "../storage.ts";
import { publishParts, publishWhole, type PublishContext } from "./publish.ts";
import { PartBuffer } from "./part-buffer.ts";
import { MOST_BYTES, partSize } from "./part-size.ts";
import type { UploadRecord } from "./record.ts";
import { digestsOf, eachDigest, explain, MultipartUpload } from "./upload.ts";

/** A record is written again after so long, so that nobody takes its upload as left, in ms. */
const REFRESH_MS = 60_000;

/** What a sink is begun with. */
export interface SinkOptions extends Omit<CreateOptions, "part"> {
  readonly record: UploadRecord;
  /** The bytes behind the last whole part. */
  readonly tail: Buffer;
  /** Of those who go on with it; `undefined` where it is no part. */
  readonly onTaken: (() => void) | undefined;
  /** When the name was found to be free to use, of `performance.now()`. */
  readonly checkedAt: number;
  /** Says that nobody has it open any more. */
  readonly release: () => void;
}

/** @throws {StorageError} `space`, where no object can be so large */
export function checkSize(path: Path, size: number | undefined): void {
  if (size === undefined || size <= MOST_BYTES) return;
  throw new StorageError("space", path, (name) => {
    const [wanted, most] = formatSizes(size, MOST_BYTES);
    return `${name} would take ${wanted}, and an object can have ${most}`;
  });
}

/** A file on its way to the store. What fits in one part is sent at the end, in one request. */
export class S3Sink implements Sink {
  readonly held: number;
  readonly #context: PublishContext;
  readonly #path: Path;
  readonly #options: SinkOptions;
  readonly #record: UploadRecord;
  readonly #upload: MultipartUpload;
  readonly #heldParts: number;
  readonly #refreshing: ReturnType<typeof setInterval>;
  #size: number | undefined;
  /** Bytes in parts that were begun. */
  #sent: number;
  #buffer: PartBuffer;
  readonly #ending = new Ending();

  constructor(context: PublishContext, path: Path, options: SinkOptions) {
    const { record, tail } = options;
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#record = record;
    this.#upload = new MultipartUpload(context.bucket, path, context.keys.file(path), record);
    this.#heldParts = record.parts.length;
    this.#size = options.size;
    this.#sent = record.size;
    this.held = this.#sent + tail.length;
    this.#buffer = this.#nextBuffer();
    this.#buffer.add(tail);
    this.#refreshing = setInterval(() => {
      if (record.isSaved) record.save().catch(() => undefined);
    }, REFRESH_MS);
    this.#refreshing.unref();
  }

  async announce(size: number): Promise<void> {
    checkSize(this.#path, size);
    this.#size = size;
  }

  async digestHeld(digest: FileDigest, onProgress: (bytes: number) => void): Promise<void> {
    let done = 0;
    for (const part of this.#record.parts.slice(0, this.#heldParts)) {
      for (const value of eachDigest(part.digests)) digest.add(value);
      done += part.size;
      onProgress(done);
    }
    for (const value of eachDigest(digestsOf(this.#options.tail))) digest.add(value);
    onProgress(this.held);
  }

  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined {
    const taken = this.#buffer.add(bytes);
    const room = this.#buffer.isFull ? this.#pass(bytes.subarray(taken)) : undefined;
    // All of it is copied by now: what did not fit has gone to the next buffer.
    onWritten?.();
    return room;
  }

  commit(attributes: Attributes): Promise<void> {
    return this.#ending.commit(() => this.#commit(attributes));
  }

  keep(): Promise<number> {
    return this.#ending.leave(() =>
      this.#options.onTaken === undefined ? this.#forget() : this.#leave(),
    );
  }

  async abort(): Promise<void> {
    await this.#ending.leave(() => this.#endAfter(this.#upload.failure));
  }

  /** Sends a part, and goes on with what did not fit in it. */
  async #pass(rest: Uint8Array): Promise<void> {
    const content = this.#buffer.content;
    this.#sent += content.length;
    const room = this.#upload.add(content);
    // Whoever writes on while this is awaited fills the next one.
    this.#buffer = this.#nextBuffer();
    const more = rest.length > 0 ? this.write(rest) : undefined;
    try {
      await room;
    } catch (error) {
      await more?.catch(() => undefined);
      this.#tellTaken(error);
      throw error;
    }
    await more;
  }

  #nextBuffer(): PartBuffer {
    const left = this.#size === undefined ? undefined : Math.max(0, this.#size - this.#sent);
    return new PartBuffer(partSize(this.#upload.begun, left), left);
  }

  async #commit(attributes: Attributes): Promise<void> {
    const record = this.#record;
    const { absent = false, checkedAt } = this.#options;
    const last = this.#buffer.content;
    try {
      if (this.#upload.begun === 0) {
        const digest = this.#digestOf([], last);
        const kept = { ...attributes, digest };
        await publishWhole(this.#context, this.#path, last, kept, { absent, checkedAt });
        await record.remove();
      } else {
        if (last.length > 0) await this.#upload.add(last);
        await this.#upload.finish();
        const digest = this.#digestOf(record.parts, Buffer.alloc(0));
        const how = { absent, checkedAt };
        await publishParts(this.#context, this.#path, record, { ...attributes, digest }, how);
      }
    } catch (error) {
      const failed = explain(error, this.#path);
      await this.#endAfter(failed);
      this.#tellTaken(failed);
      throw failed;
    }
    this.#end();
  }

  /** Forgets what is there, unless it is good, or somebody else's by now. */
  #endAfter(error: unknown): Promise<number> {
    if (isTaken(error)) {
      this.#end();
      return Promise.resolve(0);
    }
    // Parts that are stored are good, whatever trouble the store has now.
    const isTrouble = error instanceof StorageError && error.problem === "failed";
    return this.#options.onTaken !== undefined && isTrouble ? this.#leave() : this.#forget();
  }

  #tellTaken(error: unknown): void {
    if (isTaken(error)) this.#options.onTaken?.();
  }

  /** Keeps whole parts, and what lies behind them in whole blocks. */
  async #leave(): Promise<number> {
    const record = this.#record;
    try {
      await this.#upload.settle();
      const { content } = this.#buffer;
      const isNext = this.#upload.begun === record.parts.length;
      const blocks = isNext ? content.length - (content.length % BLOCK_SIZE) : 0;
      if (record.size + blocks === 0) return await this.#forget();
      if (blocks > 0) {
        await this.#context.bucket.put(record.tailKey, content.subarray(0, blocks));
      }
      record.tail = blocks;
      await record.save();
      this.#end();
      return record.size + blocks;
    } catch {
      // What cannot be written now is swept later, or gone on with as it is.
      this.#end();
      return 0;
    }
  }

  async #forget(): Promise<0> {
    const record = this.#record;
    try {
      await this.#upload.settle();
      // Fails where another server goes on with it: then nothing of it may be touched.
      if (record.isSaved) await record.save();
      if (record.upload !== undefined) {
        await this.#context.bucket.abort(this.#context.keys.file(this.#path), record.upload);
      }
      await record.remove();
    } catch {
      // It is swept later.
    }
    this.#end();
    return 0;
  }

  #end(): void {
    clearInterval(this.#refreshing);
    this.#options.release();
  }

  #digestOf(parts: UploadRecord["parts"], rest: Buffer): bigint {
    const digest = new FileDigest();
    for (const { digests } of parts) for (const value of eachDigest(digests)) digest.add(value);
    for (const value of eachDigest(digestsOf(rest))) digest.add(value);
    return digest.value();
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof StorageError && error.problem === "taken";
}

/** An id of a side object that no other has; what it is a part of stands in front. */
export function sideId(part: string): string {
  return `${part}-${randomId().slice(0, 16)}`;
}
