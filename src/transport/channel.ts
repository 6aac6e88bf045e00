import { takeBack } from "../memory/collect.ts";
import type { Connection } from "./connection.ts";

/** An incremental parser: bytes in, events out. */
export interface Decoder<E> {
  /** @param free told when nobody looks at the piece any more */
  push(piece: Uint8Array, free: () => void): void;
  next(): E | undefined;
  /**
   * Where the bytes that come next belong, one buffer after the other, when `next` has given nothing:
   * they may be put there, and counted by `filled`, in place of `push`. Nowhere where left out.
   */
  readonly room?: readonly Uint8Array[] | undefined;
  /** Says how many bytes were put into `room`. */
  filled?(bytes: number): void;
}

/** A connection read as events. */
export class Channel<E> {
  readonly connection: Connection;
  readonly #decoder: Decoder<E>;

  constructor(connection: Connection, decoder: Decoder<E>) {
    this.connection = connection;
    this.#decoder = decoder;
  }

  /**
   * The next event of what was taken from the connection already; `undefined` where `read` is to be
   * asked.
   * @throws what the decoder throws.
   */
  readNow(): E | undefined {
    return this.#decoder.next();
  }

  /**
   * The next event, or `undefined` after the last. One caller at a time.
   * @throws {ConnectionLost}, and what the decoder throws.
   */
  async read(): Promise<E | undefined> {
    for (;;) {
      const event = this.#decoder.next();
      if (event !== undefined) return event;
      if (await this.#fill()) continue;
      const piece = await this.connection.read();
      if (piece === undefined) return undefined;
      this.#decoder.push(piece, () => takeBack(piece));
    }
  }

  /** Takes what has come to where it belongs, if that is known. */
  async #fill(): Promise<boolean> {
    const { room } = this.#decoder;
    if (room === undefined) return false;
    const bytes = await this.connection.takeInto(room);
    if (bytes > 0) this.#decoder.filled?.(bytes);
    return bytes > 0;
  }
}
