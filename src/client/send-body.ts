import type { FileDigest } from "../digest/file.ts";
import { frameBlock } from "../protocol/block.ts";
import { KEEPALIVE_MS } from "../protocol/limits.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatBodyEnd } from "../protocol/request.ts";
import { StorageError } from "../storage/errors.ts";
import type { ReadBlock } from "../storage/read-blocks.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import { CommandFailed, Interrupted } from "./errors.ts";
import type { Success } from "./exchange.ts";
import { digestField } from "./fields.ts";
import { Status } from "./status.ts";

/** How often it is looked whether a sign of life is due, in milliseconds. */
const LOOK_MS = 500;

/** The server's final reply, which may come before the body is sent. */
export class Outcome {
  readonly reply: Promise<Reply>;
  #settled = false;

  constructor(reply: Promise<Reply>) {
    this.reply = reply;
    const settle = (): void => {
      this.#settled = true;
    };
    reply.then(settle, settle);
  }

  get settled(): boolean {
    return this.#settled;
  }
}

/** What is sent as the body of a PUT. */
export interface Outgoing {
  /** The digest of all blocks that were read, those of an earlier attempt included. */
  readonly digest: FileDigest;
  /** Blocks with room for a header in front of each, in order. */
  readonly blocks: AsyncIterable<ReadBlock> | readonly ReadBlock[];
  /** Whether nothing that it needs can keep it waiting but the connection. */
  readonly isAtHand?: boolean;
  /** Bytes that an earlier attempt has brought. */
  readonly offset: number;
  /** @throws {StorageError} `changed`, where what was read is not what there is. */
  unchanged(): Promise<void>;
  /** Told how many bytes have left the program by now. */
  onHandedOver(bytes: number): void;
}

/**
 * Sends the body of a PUT.
 * @param bodyEnded is called as soon as it is, however that comes
 * @returns the file's digest, and whether the body was ended: not where the server has answered
 * before, or the connection is lost, which the outcome tells
 * @throws {Interrupted} or {StorageError}, when the body was aborted and the server has said so
 */
export async function sendBody(
  connection: Connection,
  body: Outgoing,
  outcome: Outcome,
  signal: AbortSignal,
  bodyEnded: () => void,
): Promise<{ readonly digest: bigint; readonly ended: boolean }> {
  const { digest } = body;
  let sent = body.offset;
  let sentAt = performance.now();
  const sign = (): void => {
    if (connection.queued > 0 || performance.now() - sentAt < KEEPALIVE_MS) return;
    connection.write("~\n");
    sentAt = performance.now();
  };
  const timer = body.isAtHand === true ? undefined : setInterval(sign, LOOK_MS);
  try {
    for await (const block of body.blocks) {
      if (signal.aborted) throw new Interrupted();
      if (outcome.settled) break;
      const { buffer, length, release } = block;
      connection.write(frameBlock(buffer, length, block.digest), release);
      await connection.drained();
      sentAt = performance.now();
      sent += length;
      body.onHandedOver(sent);
    }
    await body.unchanged();
    const value = digest.value();
    const early = outcome.settled;
    // After an early reply the body is still to be ended; that gets no reply of its own.
    connection.write(early ? formatBodyEnd("ABORT", {}) : formatBodyEnd("END", { digest: value }));
    return { digest: value, ended: !early };
  } catch (error) {
    if (error instanceof ConnectionLost) return { digest: digest.value(), ended: false };
    // Behind the end of a body a sign of life would be no request.
    clearInterval(timer);
    // What was sent of a file that changed is of no use to anybody.
    const drop = error instanceof StorageError ? ({ drop: true } as const) : {};
    connection.write(formatBodyEnd("ABORT", drop));
    bodyEnded();
    await outcome.reply;
    throw error;
  } finally {
    clearInterval(timer);
    bodyEnded();
  }
}

/** What is asked with a PUT of a file as it is. */
export function putKeys({
  size,
  mtime,
  exec,
}: {
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
}) {
  return { size, mtime, ...(exec ? { exec } : {}) };
}

/** @throws {CommandFailed} status 8, where the server has stored something else than was sent */
export function confirmStored(reply: Success, digest: bigint): void {
  if (digestField(reply, "digest") === digest) return;
  throw new CommandFailed(
    Status.mismatch,
    "The server stored something else than was sent: its digest differs",
  );
}
