import type { Fault, Passed } from "./faulty-proxy.ts";
import { BLOCK_SIZE } from "./wire.ts";

/** The line in front of a whole block: `+262144 ` and the digest. */
const HEADER = 25;
const FRAMED = HEADER + BLOCK_SIZE;
/** A record of TLS 1.3: its header, what kind of record it is, and its authentication. */
const RECORD_HEADER = 5;
const RECORD_OVERHEAD = 17;
const LONGEST = 16_384;
const APPLICATION_DATA = 23;
/** Requests and replies are shorter than this, and so are tickets; content is longer. */
const LEAST_CONTENT = 700;

/**
 * What has passed in one direction under TLS, as far as the lengths of records tell: the lines that
 * passed are not known, and how much content did only while there is one transfer.
 */
export class PassedRecords implements Passed {
  readonly lines: string[] = [];
  #fault: Fault | undefined;
  readonly #begun: () => boolean;
  readonly #sent: () => number;
  #header = Buffer.alloc(0);
  #left = 0;
  #faultAtEnd = false;
  #framed = 0;
  #faulted = false;
  /** Records that carry data, of which the first ones are the handshake's. */
  records = 0;

  /**
   * @param begun whether the handshake is over, as seen from the other direction
   * @param sent how many bytes of content went the other way
   */
  constructor(fault: Fault | undefined, begun: () => boolean, sent: () => number = () => 0) {
    this.#fault = fault;
    this.#begun = begun;
    this.#sent = sent;
  }

  /** Bytes of content that have passed, and of the lines behind them. */
  get content(): number {
    return contentOf(this.#framed);
  }

  get blocks(): string[] {
    const whole = Math.floor(this.#framed / FRAMED);
    const rest = this.#framed % FRAMED;
    const short = rest >= LEAST_CONTENT && !this.#faulted ? 1 : 0;
    return Array.from({ length: whole + short }, () => "");
  }

  look(piece: Buffer): { readonly bytes: number; readonly fault: boolean } {
    let at = 0;
    while (at < piece.length) {
      if (this.#left === 0) {
        const missing = RECORD_HEADER - this.#header.length;
        this.#header = Buffer.concat([this.#header, piece.subarray(at, at + missing)]);
        const start = at;
        at = Math.min(piece.length, at + missing);
        if (this.#header.length < RECORD_HEADER) break;
        this.#left = this.#header.readUInt16BE(3);
        if (this.#begin()) return this.#reached(start);
        continue;
      }
      const taken = Math.min(this.#left, piece.length - at);
      at += taken;
      this.#left -= taken;
      if (this.#left > 0) break;
      this.#header = Buffer.alloc(0);
      if (this.#faultAtEnd) {
        this.#faultAtEnd = false;
        return this.#reached(at);
      }
    }
    return { bytes: at, fault: false };
  }

  /** Counts a record. Gives whether the fault comes before it. */
  #begin(): boolean {
    if (this.#header[0] !== APPLICATION_DATA) return false;
    this.records++;
    const { onceSent } = this.#fault ?? {};
    if (onceSent !== undefined && this.#sent() >= onceSent) return true;
    const bytes = this.#left - RECORD_OVERHEAD;
    const isContent = this.#framed > 0 || bytes >= LEAST_CONTENT;
    if (!this.#begun() || !isContent) return false;
    const limit = this.#fault?.afterContent ?? Number.POSITIVE_INFINITY;
    if (limit === 0) {
      // What follows is not counted: the record does not pass.
      return true;
    }
    const framed = this.#framed + bytes;
    const content = contentOf(framed);
    // Half a record is none: it passes whole where that leaves the same blocks whole.
    const completes = limit % BLOCK_SIZE >= BLOCK_SIZE / 2 || bytes < LONGEST;
    if (content > limit && completes) return true;
    this.#framed = framed;
    this.#faultAtEnd = content >= limit;
    return false;
  }

  #reached(bytes: number): { readonly bytes: number; readonly fault: boolean } {
    this.#faulted = this.#fault?.do !== "hold";
    this.#fault = undefined;
    return { bytes, fault: true };
  }
}

function contentOf(framed: number): number {
  return framed - HEADER * Math.ceil(framed / FRAMED);
}
