import type { Path } from "../../src/storage/errors.ts";
import type { Bucket } from "../../src/storage/s3/bucket.ts";
import { S3Storage, type S3Options } from "../../src/storage/s3/s3.ts";
import type { Ground } from "../conformance/ground.ts";
import { BUCKET, emptyPrefix, freshPrefix, gateway, openBucket } from "./gateway.ts";

/** A storage under a prefix of its own, in a real store. */
export class S3Ground implements Ground {
  readonly storage: S3Storage;
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly #options: S3Options;

  private constructor(storage: S3Storage, bucket: Bucket, options: S3Options) {
    this.storage = storage;
    this.bucket = bucket;
    this.#options = options;
    this.prefix = options.prefix.join("/");
  }

  static async make(others: Partial<S3Options> = {}): Promise<S3Ground> {
    const options: S3Options = {
      bucket: BUCKET,
      prefix: [freshPrefix()],
      endpoint: gateway().endpoint,
      timeout: 30_000,
      ...others,
    };
    const bucket = await openBucket();
    return new S3Ground(await S3Storage.open(options), bucket, options);
  }

  again(): Promise<S3Storage> {
    return S3Storage.open(this.#options);
  }

  /** The key of a path. */
  key(...path: Path): string {
    return [this.prefix, ...path].join("/");
  }

  async plant(path: Path, content: Uint8Array): Promise<void> {
    await this.bucket.put(this.key(...path), content);
  }

  async holds(path: Path): Promise<boolean> {
    const key = this.key(...path);
    return (await this.bucket.head(key)) !== undefined || this.bucket.holdsAny(`${key}/`);
  }

  /** Every key there is, without the prefix. */
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { objects } of this.bucket.list(`${this.prefix}/`)) {
      keys.push(...objects.map(({ key }) => key.slice(this.prefix.length + 1)));
    }
    return keys;
  }

  /** The keys of uploads that were begun and not ended. */
  async uploads(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.bucket.uploads(`${this.prefix}/`)) keys.push(key);
    return keys;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage.close();
    await emptyPrefix(this.bucket, this.prefix);
  }
}
