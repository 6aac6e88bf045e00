import { leftToCollector } from "../memory/collect.ts";
import { readNow, type Wire } from "./direct.ts";

/** More than this waiting to be read and the socket is paused, in bytes. */
const HIGH_WATER = 512 * 1024;
/**
 * As much is read straight from the kernel before others have their turn, in bytes: what the runtime
 * reads at a time. Four times as much was not faster.
 */
export const TURN_BYTES = 512 * 1024;

/**
 * After so long it is looked once more whether there is something to read straight from the kernel,
 * in milliseconds. The runtime would take the first bytes that come, and copy them: where the sender
 * is held up now and then, as measured on two busy processors, a receiver costs a fifth less so.
 */
const LOOK_AGAIN_MS = 1;

/** What arrives over a socket: taken from the network only as fast as somebody reads it. */
export class Incoming {
  readonly #wire: Wire;
  readonly #isDirect: boolean;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #received = 0;
  /** Bytes that were read straight from the kernel since others had their turn. */
  #turn = 0;
  #heardAt = performance.now();
  #paused = false;
  #ended = false;
  #discarding = false;
  #failure: Error | undefined;
  #reader: PromiseWithResolvers<Uint8Array | undefined> | undefined;

  /** @param isDirect whether what arrives can be read by the descriptor: see `readNow` */
  constructor(wire: Wire, isDirect: boolean) {
    this.#wire = wire;
    this.#isDirect = isDirect;
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#received;
  }

  /** Whether somebody waits for the other side to send. */
  get isAwaited(): boolean {
    return this.#reader !== undefined;
  }

  /** Whether the other side has sent its last byte. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** For how long nothing has arrived that was waited for, in milliseconds. */
  get silence(): number {
    return this.#paused || this.#pieces.length > 0 ? 0 : performance.now() - this.#heardAt;
  }

  /** Counts the silence from now on: the other side is alive. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /**
   * The next piece, or `undefined` after the last. One caller at a time.
   * Rejects with what `fail` was told.
   */
  read(): Promise<Uint8Array | undefined> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#bytes -= piece.length;
      // What is still to come is better read straight: the runtime goes on when that is waited for.
      if (!this.#isDirect) this.rest();
      return Promise.resolve(piece);
    }
    if (this.#ended) return Promise.resolve(undefined);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#turn = 0;
    this.#resume();
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /**
   * Reads straight from the kernel: see `Connection.takeInto`.
   * @throws the system's error, where the connection is broken
   */
  async takeInto(buffers: readonly Uint8Array[]): Promise<number> {
    if (!this.#isDirect) return 0;
    if (this.#turn >= TURN_BYTES) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#turn = 0;
    }
    let taken = this.#readNow(buffers);
    if (taken === 0 && this.#paused) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      this.#turn = 0;
      taken = this.#readNow(buffers);
    }
    if (taken === 0) return 0;
    this.#pause();
    this.heard();
    this.#received += taken;
    this.#turn += taken;
    return taken;
  }

  #readNow(buffers: readonly Uint8Array[]): number {
    const isOver = this.#ended || this.#discarding || this.#failure !== undefined;
    return isOver || this.#pieces.length > 0 ? 0 : readNow(this.#wire, buffers);
  }

  /** Has the runtime take what comes, unless enough waits: it does not notice an end otherwise. */
  rest(): void {
    if (this.#bytes < HIGH_WATER) this.#resume();
  }

  /** The runtime has taken a piece. */
  arrived(piece: Uint8Array): void {
    if (this.#discarding) return;
    this.heard();
    this.#received += piece.length;
    leftToCollector(piece.length);
    if (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader.resolve(piece);
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= HIGH_WATER) this.#pause();
  }

  /** The other side has sent its last byte. */
  end(): void {
    this.#ended = true;
    this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }

  /** Nothing more comes, for this reason: whoever waits or reads on is told. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#reader?.reject(this.#failure);
    this.#reader = undefined;
  }

  /** Drops what is there and what still comes. */
  discard(): void {
    this.#discarding = true;
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.#resume();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#wire.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#wire.resume();
  }
}
