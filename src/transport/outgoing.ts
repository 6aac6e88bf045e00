/** Pieces of at least this many bytes go to the kernel as they are; smaller ones are joined first. */
export const JOIN_BELOW = 16 * 1024;
/** So many bytes are joined at the most, and wait for no more. */
export const JOIN_UP_TO = 64 * 1024;
/** More than this is too much to wait, in bytes. */
const HIGH_WATER = 512 * 1024;
/** More pieces than this are too many to wait: small ones cost more than their bytes. */
const MOST_PIECES = 1024;

/** Bytes to be sent. */
export interface OutgoingPiece {
  readonly bytes: Uint8Array;
  /** Told when the kernel has all of them; never, where the connection is lost before. */
  readonly onTaken: (() => void) | undefined;
}

/** What was written to a connection and the kernel has not taken, in order. */
export class Outgoing {
  readonly #pieces: OutgoingPiece[] = [];
  #bytes = 0;

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Whether so much waits that nothing more should be written. */
  get isMuch(): boolean {
    return this.#bytes > HIGH_WATER || this.#pieces.length > MOST_PIECES;
  }

  /**
   * Adds a piece, and keeps a view of it.
   * @returns whether there is enough to be sent without waiting for more to join
   */
  add(bytes: Uint8Array, onTaken?: () => void): boolean {
    this.#pieces.push({ bytes, onTaken });
    this.#bytes += bytes.length;
    return bytes.length >= JOIN_BELOW || this.#bytes >= JOIN_UP_TO;
  }

  /** Takes what to send next, small pieces joined: each call of the system costs more than they do. */
  take(): OutgoingPiece | undefined {
    const first = this.#pieces.shift();
    if (first === undefined) return undefined;
    const joined = [first];
    let bytes = first.bytes.length;
    while (first.bytes.length < JOIN_BELOW) {
      const next = this.#pieces[0];
      if (next === undefined || bytes + next.bytes.length > JOIN_UP_TO) break;
      this.#pieces.shift();
      joined.push(next);
      bytes += next.bytes.length;
    }
    this.#bytes -= bytes;
    if (joined.length === 1) return first;
    const copy = Buffer.concat(
      joined.map((piece) => piece.bytes),
      bytes,
    );
    for (const { onTaken } of joined) onTaken?.();
    return { bytes: copy, onTaken: undefined };
  }

  /** Puts back, in front of all else, what the kernel did not take of what was taken last. */
  putBack(rest: OutgoingPiece): void {
    this.#pieces.unshift(rest);
    this.#bytes += rest.bytes.length;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#pieces.length = 0;
    this.#bytes = 0;
  }
}
