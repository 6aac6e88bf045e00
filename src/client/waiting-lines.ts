/** What waits is kept in pieces of at least so many bytes: a block by itself costs more than its bytes. */
const PIECE = 64 * 1024;
const NEWLINE = 0x0a;

/** Lines that came in blocks and are not used yet, in little more memory than they have bytes. */
export class WaitingLines {
  readonly #pieces: { readonly bytes: Buffer; length: number }[] = [];

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
    // What comes while nothing waits is used at once.
    const room = last === undefined ? block.length : Math.max(PIECE, block.length);
    const bytes = Buffer.allocUnsafe(room);
    bytes.set(block);
    this.#pieces.push({ bytes, length: block.length });
  }

  /** Some of the lines, those that came first; `undefined` where none wait. */
  take(): string | undefined {
    const piece = this.#pieces.shift();
    return piece?.bytes.toString("utf8", 0, piece.length);
  }
}
