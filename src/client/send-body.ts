import type { FileDigest } from "../digest/file.ts";
import { frameBlock, MAX_BLOCK_HEADER } from "../protocol/block.ts";
import { KEEPALIVE_MS } from "../protocol/limits.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatBodyEnd } from "../protocol/request.ts";
import { StorageError } from "../storage/errors.ts";
import { readBlocks } from "../storage/read-blocks.ts";
import type { Source } from "../storage/storage.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import { Interrupted } from "./errors.ts";
import type { TransferOptions } from "./transfer.ts";

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

/**
 * Sends the body of a PUT, from `start` on.
 * @returns the file's digest, and whether the body was ended: not where the server has answered
 * before, or the connection is lost, which the outcome tells
 * @throws {Interrupted} or {StorageError}, when the body was aborted and the server has said so
 */
export async function sendBody(
  connection: Connection,
  source: Source,
  start: { readonly offset: number; readonly digest: FileDigest },
  outcome: Outcome,
  { signal, onProgress }: Pick<TransferOptions, "signal" | "onProgress">,
): Promise<{ readonly digest: bigint; readonly ended: boolean }> {
  const { offset, digest } = start;
  let sent = offset;
  let sentAt = performance.now();
  const timer = setInterval(() => {
    if (connection.queued > 0 || performance.now() - sentAt < KEEPALIVE_MS) return;
    connection.write("~\n");
    sentAt = performance.now();
  }, LOOK_MS);
  try {
    const range = { from: offset, headroom: MAX_BLOCK_HEADER };
    for await (const block of readBlocks(source, digest, range)) {
      if (signal.aborted) throw new Interrupted();
      if (outcome.settled) break;
      connection.write(frameBlock(block.buffer, block.length, block.digest));
      await connection.drained();
      sentAt = performance.now();
      sent += block.length;
      onProgress(sent, source.size);
    }
    await source.unchanged();
    const value = digest.value();
    const early = outcome.settled;
    // After an early reply the body is still to be ended; that gets no reply of its own.
    connection.write(early ? formatBodyEnd("ABORT", {}) : formatBodyEnd("END", { digest: value }));
    return { digest: value, ended: !early };
  } catch (error) {
    if (error instanceof ConnectionLost) return { digest: digest.value(), ended: false };
    // What was sent of a file that changed is of no use to anybody.
    const drop = error instanceof StorageError ? ({ drop: true } as const) : {};
    connection.write(formatBodyEnd("ABORT", drop));
    await outcome.reply;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
