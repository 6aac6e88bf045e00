import { blockDigest } from "../digest/block.ts";
import { FileDigest } from "../digest/file.ts";
import { StorageError, type Path } from "./errors.ts";
import type { Attributes, Sink } from "./storage.ts";

/** What became of a file that was received. */
export interface Received {
  /** Bytes. */
  readonly size: number;
  readonly digest: bigint;
}

/** Writes a file that comes in from the other side, and lets nothing through that is not verified. */
export class Receiver {
  readonly #path: Path;
  readonly #sink: Sink;
  readonly #digest = new FileDigest();
  #size = 0;

  constructor(path: Path, sink: Sink) {
    this.#path = path;
    this.#sink = sink;
  }

  /** Bytes that came so far. */
  get received(): number {
    return this.#size;
  }

  /**
   * Takes a block. Settles when the next may come.
   * @throws {StorageError} `mismatch`, where its bytes are not those of the digest
   */
  block(data: Uint8Array, digest: bigint | undefined): Promise<void> | undefined {
    const actual = blockDigest(data);
    if (digest !== undefined && digest !== actual) {
      throw new StorageError(
        "mismatch",
        this.#path,
        (name) => `The bytes of ${name} were damaged on the way: a block's digest is wrong`,
      );
    }
    this.#digest.add(actual);
    this.#size += data.length;
    return this.#sink.write(data);
  }

  /**
   * Puts the file under its name if all of it came.
   * @throws {StorageError} `mismatch`, where size or digest are not those that were named
   */
  async finish(
    expected: { readonly size?: number | undefined; readonly digest?: bigint | undefined },
    attributes: Attributes,
  ): Promise<Received> {
    const size = this.#size;
    const digest = this.#digest.value();
    if (expected.size !== undefined && expected.size !== size) {
      throw new StorageError(
        "mismatch",
        this.#path,
        (name) => `Of ${name} came ${size} bytes where ${expected.size} were announced`,
      );
    }
    if (expected.digest !== undefined && expected.digest !== digest) {
      throw new StorageError(
        "mismatch",
        this.#path,
        (name) => `The digest of ${name} is not the one that was sent with it`,
      );
    }
    await this.#sink.commit(attributes);
    return { size, digest };
  }

  /** Forgets the file. */
  abort(): Promise<void> {
    return this.#sink.abort();
  }
}
