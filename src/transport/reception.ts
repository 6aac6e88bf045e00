import type { Connection } from "./connection.ts";
import type { Proxies } from "./proxies.ts";

/** What is said to a connection that is turned away. */
export interface Refusal {
  readonly text: string;
  /** Whether even saying it over TLS costs more than there is: it is only closed then. */
  readonly isCostly: boolean;
}

/** Who decides about connections, and takes them. */
export interface Receptionist<T> {
  /** Whose connections begin with who has come; nobody's where left out. */
  readonly proxies?: Proxies | undefined;
  /**
   * A proxy has connected, and is to say who has come.
   * @param descriptor the socket's own; -1 where the runtime does not tell
   * @returns what to call when it has, or is gone; or what to say before it is closed at once
   */
  expect(connection: Connection, descriptor: number): (() => void) | Refusal;
  /**
   * Somebody has come; nothing was received or sent.
   * @param descriptor the socket's own; -1 where the runtime does not tell
   * @returns what to say before it is closed at once; nothing lets it in
   */
  arrive(connection: Connection, descriptor: number): Refusal | undefined;
  /** One that was let in is closed. */
  leave(connection: Connection): void;
  /** Takes one that was let in. */
  accept(accepted: T): void;
}
