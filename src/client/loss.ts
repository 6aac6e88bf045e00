import type { Reply } from "../protocol/reply.ts";
import type { ReplyEvent } from "../protocol/reply-decoder.ts";
import type { Connection } from "../transport/connection.ts";
import { formatAddress, type Address } from "./address.ts";
import { isFarewell, refusalOf, SessionLost, type Refused } from "./errors.ts";

/** Whether a connection is lost, why, and what the server has said as it left. */
export class Loss {
  readonly #connection: Connection;
  readonly #address: Address;
  #lost: SessionLost | undefined;
  #farewell: Refused | undefined;

  constructor(connection: Connection, address: Address) {
    this.#connection = connection;
    this.#address = address;
  }

  /** Why the connection is gone, where it is known to be. */
  get lost(): SessionLost | undefined {
    return this.#lost;
  }

  /** Why the server leaves, where it has said so. */
  get farewell(): Refused | undefined {
    return this.#farewell;
  }

  /** Notes a reply that the server gives as it leaves. */
  hear(reply: Reply): void {
    if (isFarewell(reply)) this.#farewell ??= refusalOf(reply);
  }

  /** @throws {SessionLost} or the farewell, where the connection has ended, read or not */
  check(): void {
    if (this.#farewell !== undefined) throw this.#farewell;
    if (this.#lost !== undefined) throw this.#lost;
    const { lost } = this.#connection;
    if (lost !== undefined) throw this.#because(lost.message, true);
  }

  /**
   * The connection is of no use any more: it is cut.
   * @returns why it is lost, which is what was said of it first
   */
  lose(reason: string, worthRetrying = true): SessionLost {
    this.#lost ??= this.#because(reason, worthRetrying);
    this.#connection.destroy(reason);
    return this.#lost;
  }

  /**
   * The server has gone while nothing was asked of it.
   * @param said its last word, where there was one
   * @returns why it is lost
   */
  left(said: ReplyEvent | undefined): SessionLost {
    // That says it better, of a connection that nothing was asked over.
    this.#farewell = undefined;
    return this.#lost ?? this.lose(leaving(said));
  }

  /** This side closes the connection, which is left to the caller. */
  close(): void {
    this.#lost ??= new SessionLost("The connection is closed", { worthRetrying: false });
  }

  #because(reason: string, worthRetrying: boolean): SessionLost {
    return new SessionLost(`The connection to ${formatAddress(this.#address)} is lost: ${reason}`, {
      worthRetrying,
    });
  }
}

/** Why a server has closed a connection that nothing was asked over. */
function leaving(said: ReplyEvent | undefined): string {
  if (said?.type !== "reply" || said.reply.ok) return "the server closed it";
  const { word, message } = said.reply;
  return word === "idle"
    ? `nothing was done for longer than the server waits (${message})`
    : `the server left (${message})`;
}
