import { blockDigest } from "./block.ts";

const FIRST_BLOCKS = 16;
const DIGEST_BYTES = 8;

/**
 * The digest of a file: XXH3-64 of its blocks' digests, 8 bytes each, big-endian, in order. Keeps
 * those in memory: 32 KiB a GiB.
 */
export class FileDigest {
  #digests = Buffer.alloc(FIRST_BLOCKS * DIGEST_BYTES);
  #length = 0;

  /** Adds the digest of the next block. */
  add(blockDigest: bigint): void {
    if (this.#length === this.#digests.length) {
      this.#digests = Buffer.concat([this.#digests], 2 * this.#length);
    }
    this.#digests.writeBigUInt64BE(blockDigest, this.#length);
    this.#length += DIGEST_BYTES;
  }

  /** The digest of all that was added so far. */
  value(): bigint {
    return Bun.hash.xxHash3(this.#digests.subarray(0, this.#length));
  }

  /** The digest of the first blocks. */
  prefix(blocks: number): bigint {
    return Bun.hash.xxHash3(this.#digests.subarray(0, blocks * DIGEST_BYTES));
  }

  /** Forgets the digests of all blocks behind the first `blocks`. */
  truncate(blocks: number): void {
    this.#length = Math.min(this.#length, blocks * DIGEST_BYTES);
  }
}

const only = Buffer.alloc(DIGEST_BYTES);

/** The digest of a file that is at most one block, of what is in it. */
export function contentDigest(content: Uint8Array): bigint {
  return smallFileDigest(content.length === 0 ? undefined : blockDigest(content));
}

/** The digest of a file that is one block, or of an empty one, without keeping anything. */
export function smallFileDigest(block: bigint | undefined): bigint {
  if (block === undefined) return Bun.hash.xxHash3(only.subarray(0, 0));
  only.writeBigUInt64BE(block);
  return Bun.hash.xxHash3(only);
}
