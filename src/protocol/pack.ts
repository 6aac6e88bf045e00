import { MAX_BLOCK_HEADER } from "./block.ts";
import { BLOCK_SIZE, MOST_TOGETHER } from "./limits.ts";
import { parseDecimal } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** How a greeting names it that the server has PACK, and UNPACK. */
export const PACK = "pack";
export const UNPACK = "unpack";

/** The largest file that a pack may hold, in bytes. */
const MAX_PACKED = 16_384;
/** More than the longest body of a pack, in bytes: of each file what is in it, and what is told of it. */
export const MAX_PACK = MOST_TOGETHER * (MAX_PACKED + 64);

/** What the line that begins a pack's body says of a file. */
export interface PackedFile {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  readonly exec: boolean;
}

/** A file that is in a pack. */
export interface PackedContent extends Omit<PackedFile, "size"> {
  readonly content: Uint8Array;
}

/** In place of a file that is not in it. */
const NONE = "-";
const EXEC = "exec";
const LF = 0x0a;

/** Writes the line that begins a pack's body, LF included: `undefined` of what is not in it. */
export function formatPackHead(files: readonly (PackedFile | undefined)[]): string {
  const words = files.map((file) => {
    if (file === undefined) return NONE;
    return `${file.size} ${file.mtime}${file.exec ? ` ${EXEC}` : ""}`;
  });
  return `${words.join(",")}\n`;
}

/**
 * Reads that line, without its LF.
 * @throws {ProtocolViolation} where it is malformed
 */
export function parsePackHead(line: string): (PackedFile | undefined)[] {
  return line.split(",").map((word) => {
    if (word === NONE) return undefined;
    const [bytes = "", time = "", flag, ...more] = word.split(" ");
    const size = parseDecimal(bytes);
    const mtime = parseDecimal(time);
    const isKnown = flag === undefined || flag === EXEC;
    if (size === undefined || mtime === undefined || !isKnown || more.length > 0) {
      throw new ProtocolViolation("The line that begins a pack is malformed");
    }
    return { size, mtime, exec: flag === EXEC };
  });
}

/** Memory for a block, and for its header in front of it: see `frameBlock`. */
export interface BlockRoom {
  readonly buffer: Buffer;
  /** Says that it is not looked at any more. */
  readonly release: () => void;
}

/** A block of a pack. */
export interface PackBlock extends BlockRoom {
  /** Bytes, without the header. */
  readonly length: number;
}

/**
 * The body of a pack in its blocks: the line that tells of the files, and behind it what is in them,
 * none of it in two blocks.
 * @param files in place of each that is not in it, `undefined`
 * @param roomFor gives memory for a block of so many bytes, behind a header's
 */
export function* packBlocks(
  files: readonly (PackedContent | undefined)[],
  roomFor: (bytes: number, headroom: number) => BlockRoom,
): Generator<PackBlock> {
  const heads = files.map(
    (file) => file && { size: file.content.length, mtime: file.mtime, exec: file.exec },
  );
  const head = Buffer.from(formatPackHead(heads), "latin1");
  const pieces = [head, ...files.flatMap((file) => file?.content ?? [])];
  let left = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const next = (): BlockRoom => roomFor(Math.min(left, BLOCK_SIZE), MAX_BLOCK_HEADER);
  let { buffer, release } = next();
  let length = 0;
  for (const piece of pieces) {
    if (length + piece.length > BLOCK_SIZE) {
      yield { buffer, length, release };
      left -= length;
      ({ buffer, release } = next());
      length = 0;
    }
    buffer.set(piece, MAX_BLOCK_HEADER + length);
    length += piece.length;
  }
  yield { buffer, length, release };
}

/**
 * What a pack holds.
 * @param blocks of its body, which the contents are views of
 * @param count of how many files it tells
 * @returns in place of each that is not in it, `undefined`
 * @throws {ProtocolViolation} where it is malformed, or tells of more files, or fewer
 */
export function unpackBlocks(
  blocks: readonly Uint8Array[],
  count: number,
): (PackedContent | undefined)[] {
  const [first, ...others] = blocks;
  const end = first?.indexOf(LF) ?? -1;
  if (first === undefined || end === -1) throw malformed();
  const told = parsePackHead(Buffer.from(first.subarray(0, end)).toString("latin1"));
  if (told.length !== count) throw malformed();
  let data = first;
  let at = end + 1;
  const files = told.map((file) => {
    if (file === undefined) return undefined;
    const { size, mtime, exec } = file;
    if (at === data.length && size > 0) {
      data = others.shift() ?? data;
      at = 0;
    }
    const content = data.subarray(at, at + size);
    at += size;
    return { content, mtime, exec };
  });
  // Also where a content was cut short: nothing behind it is taken from a block any more.
  if (at !== data.length || others.length > 0) throw malformed();
  return files;
}

function malformed(): ProtocolViolation {
  return new ProtocolViolation("A pack does not hold what it should");
}
