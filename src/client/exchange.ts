import type { Reply } from "../protocol/reply.ts";
import type { ReplyEvent } from "../protocol/reply-decoder.ts";
import { Refused, SessionLost } from "./errors.ts";
import type { Session } from "./session.ts";

/** A reply that carries fields. */
export type Success = Reply & { readonly ok: true };

/** What a body consists of, and the reply that ends it. */
export type BodyEvent = Exclude<ReplyEvent, { type: "keepalive" }>;

/** One request and what the server answers to it. */
export class Exchange {
  readonly #session: Session;
  readonly #turn: Promise<void> | undefined;
  readonly #done = Promise.withResolvers<void>();
  #hasTurn = false;
  #finished = false;
  #abort: Exchange | undefined;

  /** @param turn settles when the request before has its final reply. */
  constructor(session: Session, turn: Promise<void> | undefined) {
    this.#session = session;
    this.#turn = turn;
  }

  /** Settles when the final reply was read, or none can come. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /**
   * The next block, or the reply that ends the body or stands alone. `150` counts as a reply; the
   * other 1xx only say that the server lives, and are passed over.
   * @throws {SessionLost}
   */
  async next(): Promise<BodyEvent> {
    try {
      if (!this.#hasTurn) {
        await this.#turn;
        this.#hasTurn = true;
      }
      for (;;) {
        const event = await this.#session.read();
        if (event.type === "keepalive") continue;
        if (event.type === "block") return event;
        if (event.reply.code < 200 && event.reply.code !== 150) continue;
        if (event.reply.code !== 150) this.#finish();
        return event;
      }
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  /**
   * The next reply.
   * @throws {SessionLost}
   */
  async reply(): Promise<Reply> {
    const event = await this.next();
    if (event.type === "reply") return event.reply;
    throw new SessionLost("The server sent a block where a reply was due");
  }

  /**
   * The next reply, which says yes.
   * @throws {Refused} where it says no
   * @throws {SessionLost}
   */
  async success(): Promise<Success> {
    return orRefused(await this.reply());
  }

  /** Asks the server to cancel, at once; what it sends until it has must still be read. */
  startCancel(): void {
    if (this.#finished || this.#session.lost !== undefined) return;
    this.#abort ??= this.#session.request("ABORT", [], {});
  }

  /** Cancels what was asked for, if it has not ended, and reads on until it has. */
  async cancel(): Promise<void> {
    this.startCancel();
    if (this.#abort === undefined || this.#session.lost !== undefined) return;
    while (!this.#finished) await this.next();
    const abort = this.#abort;
    this.#abort = undefined;
    await abort.reply();
  }

  #finish(): void {
    this.#finished = true;
    this.#done.resolve();
  }
}

/** @throws {Refused} where the reply says no */
export function orRefused(reply: Reply): Success {
  if (reply.ok) return reply;
  throw new Refused(reply.code, reply.word, reply.message);
}
