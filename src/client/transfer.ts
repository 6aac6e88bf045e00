import type { Session } from "./session.ts";

/** What became of a transfer. */
export interface Transferred {
  /** The file's size in bytes. */
  readonly bytes: number;
  /** How many of them an earlier connection had brought. */
  readonly reused: number;
  /** The file's digest: few want it of each of many small ones, where it costs something. */
  readonly digest: () => bigint;
  readonly seconds: number;
}

export interface TransferOptions {
  /** Start afresh, whatever an earlier attempt has left. */
  readonly fresh: boolean;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /**
   * Told how many bytes of how many are there: with whoever receives them. Of an upload of one block
   * nobody knows that before its end, and it is how many have left the program.
   */
  readonly onProgress: (bytes: number, size: number) => void;
  /** Told how many bytes of an upload have left the program; they may be on their way for long. */
  readonly onHandedOver: (bytes: number) => void;
  /** Told when all is sent, and nothing is held open while the reply is awaited. */
  readonly onSent: () => void;
  /** Told why what an earlier attempt has left is of no use. */
  readonly onRestart: (reason: string) => void;
}

/** A transfer that can be tried again over a new connection, and then goes on where it was. */
export interface Transfer {
  /** @throws {CommandFailed} or {StorageError} */
  attempt(session: Session): Promise<Transferred>;
}

/** Who is told what becomes of each of several files that are moved together, as soon as it is known. */
export interface Watcher<F> {
  /** All of a file has come, and is verified: only to be stored is left. */
  came?(file: F, bytes: number): void;
  /** A file is there, and verified. */
  moved(file: F, done: Transferred): void;
  /** A file is not there, for a reason that would be the same if it were moved by itself. */
  failed(file: F, error: unknown): void;
}
