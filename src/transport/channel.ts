import type { Connection } from "./connection.ts";

/** An incremental parser: bytes in, events out. */
export interface Decoder<E> {
  push(piece: Uint8Array): void;
  next(): E | undefined;
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
   * The next event of what has come already; `undefined` where `read` has to wait for more.
   * @throws what the decoder throws.
   */
  readNow(): E | undefined {
    for (;;) {
      const event = this.#decoder.next();
      if (event !== undefined) return event;
      const piece = this.connection.readNow();
      if (piece === undefined) return undefined;
      this.#decoder.push(piece);
    }
  }

  /**
   * The next event, or `undefined` after the last. One caller at a time.
   * @throws {ConnectionLost}, and what the decoder throws.
   */
  async read(): Promise<E | undefined> {
    for (;;) {
      const event = this.#decoder.next();
      if (event !== undefined) return event;
      const piece = await this.connection.read();
      if (piece === undefined) return undefined;
      this.#decoder.push(piece);
    }
  }
}
