import type { FileDigest } from "../../digest/file.ts";
import type { Path } from "../errors.ts";
import type { Quota } from "./quota.ts";
import type { Attributes, Sink } from "../storage.ts";

/** A file that is being written within a quota. */
export class LimitedSink implements Sink {
  readonly #path: Path;
  readonly #inner: Sink;
  readonly #quota: Quota;
  readonly #alone: (commit: () => Promise<void>) => Promise<number>;
  /** Bytes that are counted for it. */
  #taken: number;
  /** Bytes that there are of it. */
  #written: number;
  #committed: Promise<void> | undefined;
  #ended = false;

  /**
   * @param inner what it holds is counted already
   * @param alone commits while nobody else changes the name, and tells the size of what it replaced
   */
  constructor(
    path: Path,
    inner: Sink,
    quota: Quota,
    alone: (commit: () => Promise<void>) => Promise<number>,
  ) {
    this.#path = path;
    this.#inner = inner;
    this.#quota = quota;
    this.#alone = alone;
    this.#taken = inner.held;
    this.#written = inner.held;
    quota.give(inner.forgotten);
    quota.writing(1);
  }

  get held(): number {
    return this.#inner.held;
  }

  get forgotten(): number {
    return this.#inner.forgotten;
  }

  async announce(size: number): Promise<void> {
    this.#cover(size);
    await this.#inner.announce(size);
  }

  digestHeld(digest: FileDigest, onProgress: (bytes: number) => void): Promise<void> {
    return this.#inner.digestHeld(digest, onProgress);
  }

  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined {
    try {
      this.#cover(this.#written + bytes.length);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#written += bytes.length;
    return this.#inner.write(bytes, onWritten);
  }

  commit(attributes: Attributes): Promise<void> {
    if (this.#ended || this.#committed !== undefined) throw new Error("A file ends only once");
    const committed = this.#commit(attributes);
    this.#committed = committed.catch(() => undefined);
    return committed;
  }

  async keep(): Promise<number> {
    await this.#committed;
    const left = await this.#inner.keep();
    this.#end(left);
    return left;
  }

  async abort(): Promise<void> {
    await this.#committed;
    await this.#inner.abort();
    this.#end(0);
  }

  async #commit(attributes: Attributes): Promise<void> {
    let replaced: number;
    try {
      replaced = await this.#alone(() => this.#inner.commit(attributes));
    } catch (error) {
      this.#end(0);
      throw error;
    }
    this.#end(this.#written - replaced);
  }

  /** @throws {StorageError} `quota` */
  #cover(size: number): void {
    this.#quota.checkFile(this.#path, size);
    if (size <= this.#taken) return;
    this.#quota.take(this.#path, size - this.#taken);
    this.#taken = size;
  }

  /** @param left the bytes that there are more from now on, in place of those taken */
  #end(left: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#quota.give(this.#taken - left);
    this.#quota.writing(-1);
  }
}
