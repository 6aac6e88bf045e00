import type { Path } from "../errors.ts";
import { randomId } from "../ids.ts";
import type { Attributes } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { Keys } from "./keys.ts";
import { S3Error } from "./s3-error.ts";

/** A part that is stored, with the digests of its blocks, 8 bytes each. */
export interface RecordedPart {
  readonly etag: string;
  readonly size: number;
  readonly digests: Buffer;
}

/** Parts that one page of a record holds, so that no more is written again for each part. */
const PAGE_PARTS = 256;
/** The most that a record or a page may have, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What stands in a record, as JSON. */
interface Written {
  readonly path: Path;
  readonly owner: string;
  readonly upload: string | undefined;
  readonly attributes: Attributes;
  /** Pages of parts that lie beside it. */
  readonly pages: number;
  /** Parts behind those. */
  readonly parts: readonly { etag: string; size: number; digests: string }[];
  /** Bytes behind the last whole part, which lie beside it. */
  readonly tail: number;
  /** Of the whole file: written before the upload is completed. */
  readonly digest: string | undefined;
}

/** What a record says of a file that is stored. */
export interface Finished {
  readonly path: Path;
  readonly digest: bigint | undefined;
}

/**
 * The side object of a multipart upload: what cannot be read back from the store while it is open,
 * and what is known only at its end. Whoever writes it replaces only what he has read or written
 * himself, so that two servers that go on with one upload find each other out.
 */
export class UploadRecord {
  readonly id: string;
  readonly path: Path;
  attributes: Attributes;
  upload: string | undefined;
  readonly parts: RecordedPart[];
  tail: number;
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #owner = randomId();
  #etag: string | undefined;
  #pages: number;
  #digest: string | undefined;
  #saving: Promise<void> | undefined;
  #again = false;

  constructor(
    bucket: Bucket,
    keys: Keys,
    id: string,
    path: Path,
    attributes: Attributes,
    found?: { readonly etag: string; readonly written: Written; readonly parts: RecordedPart[] },
  ) {
    this.#bucket = bucket;
    this.#keys = keys;
    this.id = id;
    this.path = path;
    this.attributes = attributes;
    this.#etag = found?.etag;
    this.upload = found?.written.upload;
    this.parts = found?.parts ?? [];
    this.tail = found?.written.tail ?? 0;
    this.#pages = found?.written.pages ?? 0;
  }

  /** Reads one that another attempt has left; `undefined` where there is none. */
  static async read(bucket: Bucket, keys: Keys, id: string): Promise<UploadRecord | undefined> {
    const found = await bucket.get(keys.staged(id), MOST_BYTES);
    const written = found && parse(found.body);
    if (found === undefined || written === undefined) return undefined;
    const parts: RecordedPart[] = [];
    for (let page = 0; page < written.pages; page++) {
      const body = (await bucket.get(keys.staged(pageName(id, page)), MOST_BYTES))?.body;
      const list = body === undefined ? undefined : readParts(body);
      if (list === undefined) return undefined;
      parts.push(...list);
    }
    parts.push(...written.parts.map(fromWritten));
    const { etag } = found.info;
    return new UploadRecord(bucket, keys, id, written.path, written.attributes, {
      etag,
      written,
      parts,
    });
  }

  /** The path and the digest of what a record is about; `undefined` where there is no such record. */
  static async finished(bucket: Bucket, keys: Keys, id: string): Promise<Finished | undefined> {
    const found = await bucket.get(keys.staged(id), MOST_BYTES);
    const written = found && parse(found.body);
    if (written === undefined) return undefined;
    const { path, digest } = written;
    return { path, digest: digest === undefined ? undefined : BigInt(`0x${digest}`) };
  }

  /** Whether it is in the store at all. */
  get isSaved(): boolean {
    return this.#etag !== undefined;
  }

  /** Bytes in whole parts. */
  get size(): number {
    return this.parts.reduce((sum, { size }) => sum + size, 0);
  }

  /** Has it written as it is now; several calls during one writing lead to one more. */
  save(): Promise<void> {
    if (this.#saving !== undefined) {
      this.#again = true;
      return this.#saving;
    }
    this.#saving = this.#saveAll();
    return this.#saving;
  }

  /** Writes the digest of the whole file, before the upload is completed. */
  async finish(digest: bigint): Promise<void> {
    this.#digest = digest.toString(16).padStart(16, "0");
    await this.save();
  }

  /** Leaves of it what belongs to a file that is stored. */
  async shrink(): Promise<void> {
    await this.#removeOthers();
    this.parts.length = 0;
    this.#pages = 0;
    this.tail = 0;
    this.upload = undefined;
    await this.save();
  }

  /** Removes it with all that lies beside it. */
  async remove(): Promise<void> {
    await this.#saving?.catch(() => undefined);
    await this.#removeOthers();
    if (this.#etag !== undefined) await this.#bucket.delete(this.#keys.staged(this.id));
    this.#etag = undefined;
  }

  /** The key of what lies behind the last whole part. */
  get tailKey(): string {
    return this.#keys.staged(`${this.id}.tail`);
  }

  async #removeOthers(): Promise<void> {
    if (this.tail > 0) await this.#bucket.delete(this.tailKey);
    for (let page = 0; page < this.#pages; page++) {
      await this.#bucket.delete(this.#keys.staged(pageName(this.id, page)));
    }
  }

  async #saveAll(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#saveOnce();
      } while (this.#again);
    } finally {
      // At once: whoever comes between this and the last look would not be saved by anybody.
      this.#saving = undefined;
    }
  }

  async #saveOnce(): Promise<void> {
    while (this.parts.length >= (this.#pages + 1) * PAGE_PARTS) {
      const from = this.#pages * PAGE_PARTS;
      const page = this.parts.slice(from, from + PAGE_PARTS).map(toWritten);
      const key = this.#keys.staged(pageName(this.id, this.#pages));
      await this.#bucket.put(key, Buffer.from(JSON.stringify(page)));
      this.#pages++;
    }
    const written: Written = {
      path: this.path,
      owner: this.#owner,
      upload: this.upload,
      attributes: this.attributes,
      pages: this.#pages,
      parts: this.parts.slice(this.#pages * PAGE_PARTS).map(toWritten),
      tail: this.tail,
      digest: this.#digest,
    };
    await this.#put(Buffer.from(JSON.stringify(written)));
  }

  async #put(body: Buffer): Promise<void> {
    const key = this.#keys.staged(this.id);
    const condition = this.#etag === undefined ? { absent: true } : { etag: this.#etag };
    try {
      this.#etag = (await this.#bucket.put(key, body, {}, condition)).etag;
    } catch (error) {
      if (!(error instanceof S3Error) || !(error.isCondition || error.status === 404)) throw error;
      // The answer to an attempt may have been lost: then it is ours that stands there.
      const there = await this.#bucket.get(key, MOST_BYTES);
      if (there === undefined || parse(there.body)?.owner !== this.#owner) throw new RecordTaken();
      this.#etag = there.info.etag;
      if (there.body.equals(body)) return;
      this.#etag = (await this.#bucket.put(key, body, {}, { etag: this.#etag })).etag;
    }
  }
}

/** Somebody else goes on with the upload. */
export class RecordTaken extends Error {
  override readonly name = "RecordTaken";
}

function pageName(id: string, page: number): string {
  return `${id}.${page}`;
}

function toWritten({ etag, size, digests }: RecordedPart): Written["parts"][number] {
  return { etag, size, digests: digests.toString("base64") };
}

function fromWritten({ etag, size, digests }: Written["parts"][number]): RecordedPart {
  return { etag, size, digests: Buffer.from(digests, "base64") };
}

/** What only servers write: anything else under such a name is taken for nothing. */
function parse(body: Buffer): Written | undefined {
  const value = fromJson(body);
  if (typeof value !== "object" || value === null || !("path" in value)) return undefined;
  const { path, parts } = value as Written;
  return Array.isArray(path) && Array.isArray(parts) ? (value as Written) : undefined;
}

function readParts(body: Buffer): RecordedPart[] | undefined {
  const value = fromJson(body);
  return Array.isArray(value)
    ? value.map((part: Written["parts"][number]) => fromWritten(part))
    : undefined;
}

function fromJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
