import { MAX_LINE } from "./limits.ts";
import { ProtocolViolation } from "./violation.ts";

const LF = 0x0a;
const PRINTABLE = /^[ -~]*$/;
const FIRST_ALLOCATION = 16 * 1024;

/**
 * Takes a stream in whatever pieces it comes and gives it back as lines and runs of bytes. Does no
 * I/O; costs linear time; allocates for a run only as its bytes arrive.
 */
export class Scanner {
  readonly #pieces: Uint8Array[] = [];
  #piece: Buffer | undefined;
  #position = 0;
  #line = "";
  #run: Uint8Array | undefined;
  #filled = 0;
  #buffered = 0;

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

  /** Adds a piece of the stream, which the scanner may keep a view of. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#buffered += piece.length;
    if (this.#piece === undefined) this.#piece = bufferOf(piece);
    else this.#pieces.push(piece);
  }

  /**
   * The next line without its LF or CR LF; `undefined` while it has not wholly arrived.
   * @throws {ProtocolViolation} where it is over `MAX_LINE` bytes or not printable ASCII.
   */
  line(): string | undefined {
    while (this.#piece !== undefined) {
      const room = MAX_LINE - this.#line.length;
      const start = this.#position;
      const stop = Math.min(this.#piece.length, start + room);
      const found = this.#piece.indexOf(LF, start);
      const end = found === -1 || found >= stop ? -1 : found;
      if (end === -1 && stop - start === room) {
        throw new ProtocolViolation(`A line is longer than ${MAX_LINE} bytes`);
      }
      const length = (end === -1 ? stop : end) - start;
      const text = this.#piece.toString("latin1", start, start + length);
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
   * The next `length` bytes; `undefined` while they have not wholly arrived. Where they lie in one
   * piece they are given as a view of it, without a copy.
   */
  run(length: number): Uint8Array | undefined {
    while (this.#piece !== undefined) {
      const wanted = length - this.#filled;
      const view = this.#piece.subarray(this.#position, this.#position + wanted);
      this.#consume(view.length);
      if (this.#run === undefined && view.length === length) return view;
      this.#append(view, length);
      if (this.#filled < length) continue;
      const whole = this.#run;
      this.#run = undefined;
      this.#filled = 0;
      return whole;
    }
    return undefined;
  }

  #append(view: Uint8Array, length: number): void {
    const needed = this.#filled + view.length;
    if (this.#run === undefined || this.#run.length < needed) {
      const grown = new Uint8Array(Math.min(length, Math.max(FIRST_ALLOCATION, 2 * needed)));
      if (this.#run !== undefined) grown.set(this.#run.subarray(0, this.#filled));
      this.#run = grown;
    }
    this.#run.set(view, this.#filled);
    this.#filled = needed;
  }

  #consume(bytes: number): void {
    this.#position += bytes;
    this.#buffered -= bytes;
    if (this.#piece !== undefined && this.#position >= this.#piece.length) {
      const next = this.#pieces.shift();
      this.#piece = next && bufferOf(next);
      this.#position = 0;
    }
  }
}

function bufferOf(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.length);
}
