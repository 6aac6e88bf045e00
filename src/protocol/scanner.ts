import { MAX_BLOCK_HEADER } from "./block.ts";
import { MAX_LINE } from "./limits.ts";
import { ProtocolViolation } from "./violation.ts";

const LF = 0x0a;
const PRINTABLE = /^[ -~]*$/;
const FIRST_ALLOCATION = 16 * 1024;
/** So much is read beyond a run, in bytes: a line that a block begins with. What were more is copied. */
const BEYOND = MAX_BLOCK_HEADER;

/** Memory that is lent for a run. */
export interface Loan {
  /** As many bytes as were asked for, with anything in them. */
  readonly bytes: Uint8Array;
  /** Gives it back: see `Run`. */
  release(): void;
}

/** Lends memory for a run of so many bytes; `undefined` where that is better made for it alone. */
export type Lend = (length: number) => Loan | undefined;

/** Bytes of the stream. They are the caller's, and do not change until it has called `release`. */
export interface Run {
  readonly data: Uint8Array;
  /** Where there is anything to give back; who does not call it may keep the bytes for ever. */
  readonly release?: () => void;
}

/**
 * Takes a stream in whatever pieces it comes and gives it back as lines and runs of bytes. Does no
 * I/O; costs linear time; has memory for a run only as its bytes arrive, unless the run before was
 * as large and has come whole.
 */
export class Scanner {
  readonly #lend: Lend;
  readonly #pieces: Piece[] = [];
  #piece: Piece | undefined;
  #position = 0;
  #line = "";
  #run: Uint8Array | undefined;
  #loan: Loan | undefined;
  #filled = 0;
  #buffered = 0;
  /** How long the last run was. */
  #last = 0;
  /** Whether memory was lent for it. */
  #wasLent = false;
  #beyond: Uint8Array | undefined;

  /** @param lend where left out, all memory is made for one run alone */
  constructor(lend: Lend = () => undefined) {
    this.#lend = lend;
  }

  /** Bytes that were pushed and not yet given back. */
  get buffered(): number {
    return this.#buffered;
  }

  /** How much of the run that is wanted has arrived, in bytes. */
  get filled(): number {
    return this.#filled;
  }

  /** Whether part of a line or of a run has arrived. */
  get midway(): boolean {
    return this.#line !== "" || this.#filled > 0 || this.#buffered > 0;
  }

  /**
   * Adds a piece of the stream, which the scanner may keep a view of.
   * @param free told when nobody looks at it any more; never, where a run in it is not released
   */
  push(piece: Uint8Array, free?: () => void): void {
    if (piece.length === 0) return;
    this.#buffered += piece.length;
    const added = new Piece(piece, free);
    if (this.#piece === undefined) this.#piece = added;
    else this.#pieces.push(added);
  }

  /**
   * The next line without its LF or CR LF; `undefined` while it has not wholly arrived.
   * @throws {ProtocolViolation} where it is over `MAX_LINE` bytes or not printable ASCII.
   */
  line(): string | undefined {
    while (this.#piece !== undefined) {
      const room = MAX_LINE - this.#line.length;
      const start = this.#position;
      const { bytes } = this.#piece;
      const stop = Math.min(bytes.length, start + room);
      const found = bytes.indexOf(LF, start);
      const end = found === -1 || found >= stop ? -1 : found;
      if (end === -1 && stop - start === room) {
        throw new ProtocolViolation(`A line is longer than ${MAX_LINE} bytes`);
      }
      const length = (end === -1 ? stop : end) - start;
      const text = bytes.toString("latin1", start, start + length);
      this.#consume(end === -1 ? length : length + 1);
      if (end === -1) {
        this.#line += text;
        continue;
      }
      const whole = this.#line + text;
      this.#line = "";
      const line = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
      if (!PRINTABLE.test(line)) {
        throw new ProtocolViolation("A line holds something else than printable ASCII");
      }
      return line;
    }
    return undefined;
  }

  /**
   * Where the bytes of a run belong that come next, one buffer after the other, after `run` has given
   * nothing: put there and counted by `fill` they are not copied. Nowhere while there is no memory yet
   * for the whole run.
   */
  room(length: number): readonly Uint8Array[] | undefined {
    if (this.#piece !== undefined) return undefined;
    if (this.#run === undefined && this.#last >= length) {
      this.#loan = this.#lend(length);
      this.#run = this.#loan?.bytes;
    }
    return this.#loan && [this.#loan.bytes.subarray(this.#filled), this.#roomBeyond()];
  }

  /** Where a line belongs that comes next, in parts: right behind a run that was lent. */
  get lineRoom(): readonly Uint8Array[] | undefined {
    return this.#piece === undefined && this.#wasLent ? [this.#roomBeyond()] : undefined;
  }

  /** Says how many bytes were put into `room`. */
  fill(bytes: number): void {
    const own = Math.min(bytes, (this.#loan?.bytes.length ?? 0) - this.#filled);
    this.#filled += own;
    // Before the next ones are put there these may still be looked at.
    const beyond = this.#beyond?.slice(0, bytes - own);
    if (beyond !== undefined) this.push(beyond);
  }

  /**
   * The next `length` bytes; `undefined` while they have not wholly arrived: it is then asked again
   * for as many. Where they lie in one piece they are given as a view of it, without a copy.
   */
  run(length: number): Run | undefined {
    for (;;) {
      if (this.#run !== undefined && this.#filled === length) return this.#whole(this.#run);
      if (this.#piece === undefined) return undefined;
      const wanted = length - this.#filled;
      const view = this.#piece.bytes.subarray(this.#position, this.#position + wanted);
      if (this.#run === undefined && view.length === length) {
        const release = this.#piece.hold();
        this.#consume(length);
        this.#last = length;
        return release === undefined ? { data: view } : { data: view, release };
      }
      this.#append(view, length);
      this.#consume(view.length);
    }
  }

  #roomBeyond(): Uint8Array {
    this.#beyond ??= new Uint8Array(BEYOND);
    return this.#beyond;
  }

  #whole(data: Uint8Array): Run {
    const loan = this.#loan;
    this.#run = undefined;
    this.#loan = undefined;
    this.#filled = 0;
    this.#last = data.length;
    this.#wasLent = loan !== undefined;
    return loan === undefined ? { data } : { data, release: () => loan.release() };
  }

  #append(view: Uint8Array, length: number): void {
    const needed = this.#filled + view.length;
    const begun = this.#run;
    if (begun === undefined || begun.length < needed) {
      const grown = this.#allocate(needed, length);
      if (begun !== undefined) grown.set(begun.subarray(0, this.#filled));
      this.#run = grown;
    }
    this.#run?.set(view, this.#filled);
    this.#filled = needed;
  }

  #allocate(needed: number, length: number): Uint8Array {
    if (this.#last >= length || 2 * needed >= length) this.#loan = this.#lend(length);
    return (
      this.#loan?.bytes ?? new Uint8Array(Math.min(length, Math.max(FIRST_ALLOCATION, 2 * needed)))
    );
  }

  #consume(bytes: number): void {
    this.#position += bytes;
    this.#buffered -= bytes;
    if (this.#piece !== undefined && this.#position >= this.#piece.bytes.length) {
      this.#piece.leave();
      this.#piece = this.#pieces.shift();
      this.#position = 0;
    }
  }
}

/** A piece of the stream, and how many look at it: the scanner, and who has a run in it. */
class Piece {
  readonly bytes: Buffer;
  readonly #free: (() => void) | undefined;
  #users = 1;

  constructor(piece: Uint8Array, free: (() => void) | undefined) {
    this.bytes = Buffer.isBuffer(piece)
      ? piece
      : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    this.#free = free;
  }

  /** @returns what says that it is looked at no more; more often does no harm */
  hold(): (() => void) | undefined {
    if (this.#free === undefined) return undefined;
    this.#users++;
    let isHeld = true;
    return () => {
      if (isHeld) this.leave();
      isHeld = false;
    };
  }

  leave(): void {
    this.#users--;
    if (this.#users === 0) this.#free?.();
  }
}
