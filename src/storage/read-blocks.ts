import { blockDigest } from "../digest/block.ts";
import { FileDigest } from "../digest/file.ts";
import { StorageError } from "./errors.ts";
import type { Source } from "./storage.ts";

/** Bytes of a block; the same as on the wire, so that digests can be compared. */
export const BLOCK_SIZE = 262_144;
/** Blocks that one call of the system reads. */
const BATCH = 2;

/** A block that was read. */
export interface ReadBlock {
  /** Holds the block's bytes from `headroom` on. */
  readonly buffer: Buffer;
  readonly length: number;
  readonly digest: bigint;
}

/**
 * Reads a file block by block, the next ones while the last are used, and adds up its digest.
 * @param headroom bytes left free in front of each block, for a header.
 * @throws {StorageError} `changed`, where the file is not the same after the last byte as before
 * the first.
 */
export async function* readBlocks(
  source: Source,
  headroom: number,
  digest: FileDigest,
): AsyncGenerator<ReadBlock> {
  let ahead = readBatch(source, 0, headroom);
  // A read that fails while an earlier block is in use is thrown when its turn comes.
  ahead.catch(() => undefined);
  try {
    for (let offset = 0; offset < source.size;) {
      const batch = await ahead;
      offset += batch.reduce((sum, { length }) => sum + length, 0);
      ahead = readBatch(source, offset, headroom);
      ahead.catch(() => undefined);
      for (const { buffer, length } of batch) {
        const value = blockDigest(buffer.subarray(headroom, headroom + length));
        digest.add(value);
        yield { buffer, length, digest: value };
      }
    }
    await source.unchanged();
  } finally {
    await ahead.catch(() => undefined);
  }
}

/** The digest of a whole file. */
export async function digestOf(
  source: Source,
  onProgress: (bytes: number) => void,
): Promise<bigint> {
  const digest = new FileDigest();
  let done = 0;
  for await (const { length } of readBlocks(source, 0, digest)) {
    done += length;
    onProgress(done);
  }
  return digest.value();
}

async function readBatch(
  source: Source,
  offset: number,
  headroom: number,
): Promise<{ buffer: Buffer; length: number }[]> {
  const blocks: { buffer: Buffer; length: number }[] = [];
  let at = offset;
  while (at < source.size && blocks.length < BATCH) {
    const length = Math.min(BLOCK_SIZE, source.size - at);
    blocks.push({ buffer: Buffer.allocUnsafeSlow(headroom + length), length });
    at += length;
  }
  if (blocks.length === 0) return blocks;
  const views = blocks.map(({ buffer }) => buffer.subarray(headroom));
  if ((await source.read(offset, views)) < at - offset) {
    throw new StorageError("changed", source.path, (name) => `${name} shrank while it was read`);
  }
  return blocks;
}
