import { without } from "../faults/faults.ts";
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

/** What the other side has said of a file. */
interface Expected {
  readonly size?: number | undefined;
  readonly digest?: bigint | undefined;
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

  /** Bytes that are there, those that were held included. */
  get received(): number {
    return this.#size;
  }

  /** Bytes that an earlier attempt has left. */
  get held(): number {
    return this.#sink.held;
  }

  /**
   * Says how many bytes come, those that are held included.
   * @throws {StorageError} `space` or `quota`, where they cannot fit
   */
  announce(size: number): Promise<void> {
    return this.#sink.announce(size);
  }

  /**
   * Digests what is held, so that the next block goes on behind it.
   * @returns its digest
   */
  async digestHeld(onProgress: (bytes: number) => void): Promise<bigint> {
    await this.#sink.digestHeld(this.#digest, onProgress);
    this.#size = this.#sink.held;
    return this.#digest.value();
  }

  /**
   * Takes a block. Settles when the next may come.
   * @param release told when its bytes are not needed any more; not where something fails
   * @throws {StorageError} `mismatch`, where its bytes are not those of the digest
   */
  block(
    data: Uint8Array,
    digest: bigint | undefined,
    release?: () => void,
  ): Promise<void> | undefined {
    const actual = blockDigest(data);
    if (isDamaged(actual, digest)) {
      throw new StorageError(
        "mismatch",
        this.#path,
        (name) => `The bytes of ${name} were damaged on the way: a block's digest is wrong`,
      );
    }
    this.#digest.add(actual);
    this.#size += data.length;
    return this.#sink.write(data, release);
  }

  /**
   * Puts the file under its name if all of it came, and forgets it if it is not what was announced.
   * @throws {StorageError} `mismatch`, where size or digest are not those that were named
   */
  async finish(expected: Expected, attributes: Attributes): Promise<Received> {
    const size = this.#size;
    const digest = this.#digest.value();
    const wrong = whatIsWrong({ size, digest }, expected);
    if (wrong !== undefined) {
      await this.#sink.abort();
      throw new StorageError("mismatch", this.#path, wrong);
    }
    await this.#sink.commit(attributes);
    return { size, digest };
  }

  /**
   * Ends it after an error: leaves what came for a later attempt, where it is a part and what came
   * is good; else forgets it.
   */
  async endWith(error: unknown): Promise<void> {
    if (globalThis.FAULT_LAB && without("whole")) return this.#sink.commit({});
    const good = !(error instanceof StorageError) || error.problem === "mismatch";
    await (good ? this.#sink.keep() : this.#sink.abort());
  }

  /** Leaves what came for a later attempt, where it is a part; else forgets it. */
  async keep(): Promise<void> {
    await this.#sink.keep();
  }

  /** Forgets the file. */
  abort(): Promise<void> {
    return this.#sink.abort();
  }
}

/** Whether a block is not the one that was sent, as far as its digest was named. */
export function isDamaged(digest: bigint, named: bigint | undefined): boolean {
  if (globalThis.FAULT_LAB && without("digest")) return false;
  return named !== undefined && named !== digest;
}

/**
 * How a file that has come is not the one that was announced, in words that its name is put into;
 * `undefined` where it is.
 */
export function whatIsWrong(
  { size, digest }: Received,
  expected: Expected,
): ((name: string) => string) | undefined {
  if (globalThis.FAULT_LAB && without("size")) expected = { digest: expected.digest };
  if (globalThis.FAULT_LAB && without("digest")) expected = { size: expected.size };
  if (expected.size !== undefined && expected.size !== size) {
    return (name) => `Of ${name} came ${size} bytes where ${expected.size} were announced`;
  }
  if (expected.digest !== undefined && expected.digest !== digest) {
    return (name) => `The digest of ${name} is not the one that was sent with it`;
  }
  return undefined;
}
