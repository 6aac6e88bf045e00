import type { Connection } from "../transport/connection.ts";

/** What is written at once. */
export interface Piece {
  readonly data: string | Uint8Array;
  /** Told when the kernel has it; never, where the connection is lost before. */
  readonly onTaken?: () => void;
}

/**
 * What is written to a server. Nothing may stand within the body of an upload but its blocks: what
 * else is asked meanwhile waits until it has ended, and so does the next body.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #waiting: string[] = [];
  #bodies: Promise<void> = Promise.resolve();
  #inBody = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Writes a request, behind the body that is being sent. */
  request(line: string): void {
    if (this.#inBody) this.#waiting.push(line);
    else this.#connection.write(line);
  }

  /**
   * Waits until no body is being sent; then writes the request that another one follows.
   * @param line gives the request, with its body where that is at hand, when it is written; where it
   * throws, nothing is
   * @returns what is to be called when the body was ended; more often does no harm
   */
  async beginBody(line: () => readonly Piece[]): Promise<() => void> {
    const before = this.#bodies;
    const ended = Promise.withResolvers<void>();
    this.#bodies = ended.promise;
    await before;
    try {
      for (const { data, onTaken } of line()) this.#connection.write(data, onTaken);
    } catch (error) {
      ended.resolve();
      throw error;
    }
    this.#inBody = true;
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      this.#inBody = false;
      for (const waiting of this.#waiting.splice(0)) this.#connection.write(waiting);
      ended.resolve();
    };
  }
}
