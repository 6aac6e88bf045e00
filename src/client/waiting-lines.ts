/** What waits is kept in pieces of at least so many bytes: a block by itself costs more than its bytes. */
const PIECE = 64 * 1024;
/** So many pieces wait as they are; those behind them, which nobody wants soon, are packed. */
const UNPACKED = 16;
/** Lines of a listing shrink to a tenth by it, as fast as they come. */
const PACKING = { level: 1 };
const NEWLINE = 0x0a;

interface Piece {
  bytes: Buffer;
  /** How many of the bytes are lines. */
  length: number;
  isPacked: boolean;
}

/** Lines that came in blocks and are not used yet, in less memory than they have bytes. */
export class WaitingLines {
  readonly #pieces: Piece[] = [];

  /** Adds a copy of a block of whole lines. */
  add(block: Uint8Array): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.length + 1 + block.length <= last.bytes.length) {
      // Where a block leaves out the end of its last line, that is none of the next one's.
      if (last.bytes[last.length - 1] !== NEWLINE) last.bytes[last.length++] = NEWLINE;
      last.bytes.set(block, last.length);
      last.length += block.length;
      return;
    }
    if (last !== undefined && this.#pieces.length > UNPACKED) pack(last);
    // What comes while nothing waits is used at once.
    const room = last === undefined ? block.length : Math.max(PIECE, block.length);
    const bytes = Buffer.allocUnsafe(room);
    bytes.set(block);
    this.#pieces.push({ bytes, length: block.length, isPacked: false });
  }

  /** Some of the lines, those that came first; `undefined` where none wait. */
  take(): string | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    const { bytes, length, isPacked } = piece;
    return isPacked ? Bun.zstdDecompressSync(bytes).toString() : bytes.toString("utf8", 0, length);
  }
}

function pack(piece: Piece): void {
  const packed = Bun.zstdCompressSync(piece.bytes.subarray(0, piece.length), PACKING);
  if (packed.length > piece.length / 2) return;
  // The result may be a part of something larger.
  piece.bytes = Buffer.from(packed);
  piece.length = packed.length;
  piece.isPacked = true;
}
