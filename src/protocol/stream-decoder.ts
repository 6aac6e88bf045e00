import type { BlockHeader, BlockRule } from "./block.ts";
import { Scanner, type Lend, type Run } from "./scanner.ts";
import { ProtocolViolation } from "./violation.ts";

/**
 * What both sides' streams have in common: lines, and within a body blocks, each behind its header.
 * Pure and incremental: whatever pieces the stream comes in, the events are the same. After it has
 * thrown it gives nothing more.
 */
export abstract class StreamDecoder<E, H extends BlockHeader> {
  readonly #scanner: Scanner;
  #header: H | undefined;
  #broken: ProtocolViolation | undefined;
  /** What blocks the body has that is being read; `undefined` outside of one. */
  protected body: BlockRule | undefined;

  /** @param lend memory for blocks; each has its own where left out */
  constructor(lend?: Lend) {
    this.#scanner = new Scanner(lend);
  }

  /** What a line says; `undefined` where that needs more than has come. */
  protected abstract onLine(line: string): E | undefined;
  /** What a block says. */
  protected abstract onBlock(run: Run, header: H): E;

  /** Bytes that were pushed and have not become an event. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  /** What has arrived in part, if anything. */
  get midway(): "line" | "block" | undefined {
    if (this.#header !== undefined) return "block";
    return this.#scanner.midway ? "line" : undefined;
  }

  /** Bytes of a block that has not wholly arrived. */
  get partial(): number {
    return this.#scanner.filled;
  }

  /** @param free told when nobody looks at the piece any more */
  push(piece: Uint8Array, free?: () => void): void {
    this.#scanner.push(piece, free);
  }

  /** Where the bytes that come next may be put in place of `push`: in a body of large blocks. */
  get room(): readonly Uint8Array[] | undefined {
    if (this.#header !== undefined) return this.#scanner.room(this.#header.length);
    return this.body?.isOver === false ? this.#scanner.lineRoom : undefined;
  }

  /** Says how many bytes were put into `room`. */
  filled(bytes: number): void {
    this.#scanner.fill(bytes);
  }

  /**
   * The next event, or `undefined` until more is pushed.
   * @throws {ProtocolViolation} where the other side broke the protocol: a server answers `500`, and
   * either closes.
   */
  next(): E | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      if (this.#header !== undefined) return this.#nextBlock(this.#header);
      const line = this.#scanner.line();
      return line === undefined ? undefined : this.onLine(line);
    } catch (error) {
      if (error instanceof ProtocolViolation) this.#broken = error;
      throw error;
    }
  }

  /**
   * A block begins.
   * @returns what it says where all of it has come
   */
  protected beginBlock(header: H, rule: BlockRule): E | undefined {
    rule.accept(header.length);
    this.#header = header;
    return this.#nextBlock(header);
  }

  #nextBlock(header: H): E | undefined {
    const run = this.#scanner.run(header.length);
    if (run === undefined) return undefined;
    this.#header = undefined;
    return this.onBlock(run, header);
  }
}
