import { MAX_DROPPED } from "../protocol/limits.ts";
import type { Reply } from "../protocol/reply.ts";
import type { ReplyEvent } from "../protocol/reply-decoder.ts";
import { parseDecimal } from "../protocol/text.ts";
import {
  brokenProtocol,
  CommandFailed,
  refusalOf,
  type Refused,
  type SessionLost,
} from "./errors.ts";

/** So much of a body is read out at the most rather than cancelled, in bytes. */
export const LITTLE = 1024 * 1024;

/** A reply that carries fields. */
export type Success = Reply & { readonly ok: true };

/** What a body consists of, and the reply that ends it. */
export type BodyEvent = Exclude<ReplyEvent, { type: "keepalive" }>;

/** What an exchange needs of the connection that it takes place on. */
export interface Line {
  readonly lost: SessionLost | undefined;
  /** Why the server leaves, where it has said so. */
  readonly farewell: Refused | undefined;
  /** Bytes that have arrived. */
  readonly received: number;
  read(): Promise<ReplyEvent>;
  /** What has come already; `undefined` where `read` has to wait. */
  readNow(): ReplyEvent | undefined;
  /** Asks the server to cancel; settles with its reply to that. */
  abort(): Promise<Reply>;
  /** Whether nothing was asked for behind an exchange. */
  isLast(exchange: Exchange): boolean;
  violated(message: string): SessionLost;
}

/** A request, or several that were sent as one, and what the server answers. */
export class Exchange {
  readonly #line: Line;
  readonly #turn: Promise<void> | undefined;
  readonly #hasBody: boolean;
  readonly #done = Promise.withResolvers<void>();
  #hasTurn = false;
  /** Final replies that are to come. */
  #owed: number;
  #finished = false;
  #abort: Promise<Reply> | undefined;
  /** Told how far the server says that it is, in bytes or entries. */
  onDone: (done: number) => void = () => undefined;

  /**
   * @param turn settles when the request before has its final reply.
   * @param hasBody whether the server may announce a body.
   * @param requests how many were sent
   */
  constructor(line: Line, turn: Promise<void> | undefined, hasBody: boolean, requests = 1) {
    this.#line = line;
    this.#turn = turn;
    this.#hasBody = hasBody;
    this.#owed = requests;
  }

  /** Settles when the last final reply was read, or none can come. */
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
        const event = this.#line.readNow() ?? (await this.#line.read());
        if (this.#isPassedOver(event)) continue;
        return event;
      }
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  /**
   * The same, where it has come already: `undefined` where `next` has to be waited for.
   * @throws {SessionLost}
   */
  nextNow(): BodyEvent | undefined {
    if (!this.#hasTurn) return undefined;
    try {
      for (;;) {
        const event = this.#line.readNow();
        if (event === undefined) return undefined;
        if (!this.#isPassedOver(event)) return event;
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
    throw brokenProtocol("The server sent a block where a reply was due");
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
    if (this.#finished || this.#line.lost !== undefined) return;
    this.#abort ??= this.#line.abort();
  }

  /**
   * Cancels what was asked for, if it has not ended, and reads on until it has.
   * @throws {SessionLost}
   */
  async cancel(): Promise<void> {
    this.startCancel();
    if (this.#abort === undefined || this.#line.lost !== undefined) return;
    await this.#readOut();
    const abort = this.#abort;
    this.#abort = undefined;
    await abort;
  }

  /**
   * Has done with what was asked for. Where more was asked for behind it, which cancelling would
   * cancel as well, and little of it is left, that is read and dropped.
   * @param bytes how many are left
   * @throws {SessionLost}
   */
  async leave(bytes: number): Promise<void> {
    // Nothing more can come, and those behind it wait for it to be over.
    if (this.#line.lost !== undefined || this.#line.farewell !== undefined) return this.#finish();
    const alone = this.#line.isLast(this);
    if (alone || bytes > LITTLE || this.#abort !== undefined) await this.cancel();
    else if (!this.#finished) await this.#readOut();
  }

  /** Has done with what was asked for, as `leave`: whoever asks next finds out where that fails. */
  async tryLeave(bytes: number): Promise<void> {
    try {
      await this.leave(bytes);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
    }
  }

  /** Counts what came, and says whether it only shows that the server lives. */
  #isPassedOver(event: ReplyEvent): event is Extract<ReplyEvent, { type: "keepalive" }> {
    if (event.type !== "reply") return event.type === "keepalive";
    const { code } = event.reply;
    if (code < 200 && code !== 150) {
      this.#hear(event.reply);
      return true;
    }
    if (code === 150) {
      if (!this.#hasBody) throw this.#line.violated("It sent 150 where no body is due");
    } else if (--this.#owed === 0) this.#finish();
    return false;
  }

  #hear(reply: Reply): void {
    const done = reply.ok ? parseDecimal(reply.fields.get("done") ?? "") : undefined;
    if (done !== undefined) this.onDone(done);
  }

  async #readOut(): Promise<void> {
    if (!this.#finished) await this.#turn;
    const before = this.#line.received;
    while (!this.#finished) {
      const event = await this.next();
      if (event.type === "block") event.release?.();
      if (this.#line.received - before > MAX_DROPPED) {
        // Whoever waits behind it is to find out, too.
        this.#finish();
        throw this.#line.violated("It goes on with what was cancelled");
      }
    }
  }

  #finish(): void {
    this.#finished = true;
    this.#done.resolve();
  }
}

/** @throws {Refused} where the reply says no */
export function orRefused(reply: Reply): Success {
  if (reply.ok) return reply;
  throw refusalOf(reply);
}
