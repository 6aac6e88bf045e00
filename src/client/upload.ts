import { FileDigest } from "../digest/file.ts";
import { frameBlock, MAX_BLOCK_HEADER } from "../protocol/block.ts";
import { KEEPALIVE_MS } from "../protocol/limits.ts";
import type { Path } from "../protocol/path.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatBodyEnd } from "../protocol/request.ts";
import { StorageError } from "../storage/errors.ts";
import { readBlocks } from "../storage/read-blocks.ts";
import type { Source, Storage } from "../storage/storage.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import { CommandFailed, Interrupted } from "./errors.ts";
import { orRefused } from "./exchange.ts";
import { digestField } from "./fields.ts";
import type { Session } from "./session.ts";
import { Status } from "./status.ts";
import type { Transferred, TransferOptions } from "./transfer.ts";

/**
 * Sends a file of this side to the server, where it appears whole or not at all. The connection
 * stays usable, whatever fails, unless it is lost itself.
 * @throws {CommandFailed} or {StorageError}
 */
export async function upload(
  session: Session,
  storage: Storage,
  local: Path,
  remote: Path,
  options: TransferOptions,
): Promise<Transferred> {
  const started = performance.now();
  const source = await storage.open(local);
  try {
    const { size, mtime, exec } = source;
    const exchange = session.request("PUT", remote, { size, mtime, ...(exec ? { exec } : {}) });
    const outcome = new Outcome(exchange.reply());
    const digest = await sendBody(session.connection, source, outcome, options);
    const stored = digestField(orRefused(await outcome.reply), "digest");
    if (stored !== digest) {
      throw new CommandFailed(
        Status.mismatch,
        "The server stored something else than was sent: its digest differs",
      );
    }
    return { bytes: size, reused: 0, digest, seconds: (performance.now() - started) / 1000 };
  } finally {
    await source.close();
  }
}

/** The server's final reply, which may come before the body is sent. */
class Outcome {
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

async function sendBody(
  connection: Connection,
  source: Source,
  outcome: Outcome,
  { signal, onProgress }: TransferOptions,
): Promise<bigint> {
  const digest = new FileDigest();
  let sent = 0;
  let sentAt = performance.now();
  const timer = setInterval(() => {
    if (connection.queued === 0 && performance.now() - sentAt >= KEEPALIVE_MS) {
      connection.write("~\n");
    }
  }, KEEPALIVE_MS);
  try {
    for await (const block of readBlocks(source, MAX_BLOCK_HEADER, digest)) {
      if (signal.aborted) throw new Interrupted();
      if (outcome.settled) break;
      connection.write(frameBlock(block.buffer, block.length, block.digest));
      await connection.drained();
      sentAt = performance.now();
      sent += block.length;
      onProgress(sent, source.size);
    }
    const value = digest.value();
    // After an early reply the body is still to be ended; that gets no reply of its own.
    connection.write(
      outcome.settled ? formatBodyEnd("ABORT", {}) : formatBodyEnd("END", { digest: value }),
    );
    return value;
  } catch (error) {
    // A lost connection is told, better, by the reply that does not come.
    if (error instanceof ConnectionLost) return digest.value();
    const drop = error instanceof StorageError ? ({ drop: true } as const) : {};
    connection.write(formatBodyEnd("ABORT", drop));
    await outcome.reply;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
