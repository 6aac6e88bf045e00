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
    quota.underWay(inner.held);
    quota.writing(1);
  }

  get held(): number {
    return this.#inner.held;
  }

  async announce(size: number): Promise<void> {
    await this.#cover(size);
    await this.#inner.announce(size);
  }

  digestHeld(digest: FileDigest, onProgress: (bytes: number) => void): Promise<void> {
    return this.#inner.digestHeld(digest, onProgress);
  }

  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined {
    let covered: Promise<void> | undefined;
    try {
      covered = this.#cover(this.#written + bytes.length);
    } catch (error) {
      return Promise.reject(error);
    }
    if (covered === undefined) return this.#write(bytes, onWritten);
    return covered.then(() => this.#write(bytes, onWritten));
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

  #write(bytes: Uint8Array, onWritten: (() => void) | undefined): Promise<void> | undefined {
    this.#written += bytes.length;
    return this.#inner.write(bytes, onWritten);
  }

  /**
   * Sees to it that there is room for so many bytes in all.
   * @returns what settles when there is, where that has to be made
   * @throws {StorageError} `quota`
   */
  #cover(size: number): Promise<void> | undefined {
    this.#quota.checkFile(this.#path, size);
    const more = size - this.#taken;
    if (more <= 0) return undefined;
    if (!this.#quota.fits(more)) return this.#makeRoom(more);
    this.#quota.take(this.#path, more);
    this.#took(more);
    return undefined;
  }

  async #makeRoom(more: number): Promise<void> {
    await this.#quota.takeOrDrop(this.#path, more, this.#taken);
    this.#took(more);
  }

  #took(more: number): void {
    // It can have ended while room was made for it.
    if (this.#ended) return this.#quota.give(more);
    this.#taken += more;
    this.#quota.underWay(more);
  }

  /** @param left the bytes that there are more from now on, in place of those taken */
  #end(left: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#quota.give(this.#taken - left);
    this.#quota.underWay(-this.#taken);
    this.#quota.writing(-1);
  }
}
