import { BLOCK_SIZE } from "./limits.ts";
import { formatDigest, parseDecimal, parseDigest } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** The line before a block's bytes. */
export interface BlockHeader {
  /** Bytes that follow the line. */
  readonly length: number;
  /** XXH3-64 of them, where the sender named it. */
  readonly digest: bigint | undefined;
}

/** The longest block header in bytes: `+262144 `, 16 hex digits, LF. */
export const MAX_BLOCK_HEADER = 25;

/**
 * Reads the line that begins a block.
 * @throws {ProtocolViolation} where it is malformed or names more than a block holds.
 */
export function parseBlockHeader(line: string): BlockHeader {
  const [length, digest, ...more] = line.slice(1).split(" ");
  const bytes = parseDecimal(length ?? "");
  if (bytes === undefined || bytes === 0 || bytes > BLOCK_SIZE || more.length > 0) {
    throw new ProtocolViolation("A block's length is malformed or out of range");
  }
  if (digest === undefined) return { length: bytes, digest: undefined };
  const value = parseDigest(digest);
  if (value === undefined) throw new ProtocolViolation("A block's digest is malformed");
  return { length: bytes, digest: value };
}

/** Writes the line that begins a block, LF included. */
export function formatBlockHeader(length: number, digest: bigint): string {
  return `+${length} ${formatDigest(digest)}\n`;
}

/**
 * Writes a block's header right before its bytes, so that both leave in one piece.
 * @param buffer holds the block from `MAX_BLOCK_HEADER` on.
 * @returns the part of `buffer` to send.
 */
export function frameBlock(buffer: Buffer, length: number, digest: bigint): Uint8Array {
  const header = formatBlockHeader(length, digest);
  const start = MAX_BLOCK_HEADER - header.length;
  buffer.write(header, start, "latin1");
  return buffer.subarray(start, MAX_BLOCK_HEADER + length);
}

/** Which block lengths may come next in a body. */
export interface BlockRule {
  /** Whether no block may come any more. */
  readonly isOver: boolean;
  /** @throws {ProtocolViolation} where a block of this length may not come now. */
  accept(length: number): void;
}

/**
 * The rule for a file's content: blocks lie at multiples of `BLOCK_SIZE`, only the last is shorter.
 * @param remaining bytes that are to come, where that is known.
 */
export function fileBlocks(remaining: number | undefined): BlockRule {
  let left = remaining;
  let ended = false;
  return {
    get isOver() {
      return ended || left === 0;
    },
    accept(length) {
      if (left !== undefined) {
        const expected = Math.min(BLOCK_SIZE, left);
        if (length !== expected) {
          throw new ProtocolViolation(`A block has ${length} bytes where ${expected} were due`);
        }
        left -= length;
        return;
      }
      if (ended) throw new ProtocolViolation("A block follows the last one");
      ended = length < BLOCK_SIZE;
    },
  };
}

/** The rule for a listing, and for a body that is only dropped: any length that a block may have. */
export const anyBlocks: BlockRule = { isOver: false, accept: () => undefined };
