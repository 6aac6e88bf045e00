import { blockDigest } from "../digest/block.ts";
import { FileDigest } from "../digest/file.ts";
import { MAX_BLOCK_HEADER } from "../protocol/block.ts";
import { BLOCK_SIZE } from "../protocol/limits.ts";
import type { Path } from "../protocol/path.ts";
import type { ReadBlock } from "../storage/read-blocks.ts";
import { CommandFailed, Interrupted } from "./errors.ts";
import { orRefused } from "./exchange.ts";
import { confirmStored, Outcome, sendBody } from "./send-body.ts";
import type { Session } from "./session.ts";
import { Status } from "./status.ts";
import type { Transferred } from "./transfer.ts";

/**
 * Sends what a stream holds, such as a pipe, to the server, where it appears whole or not at all.
 * It can be read only once: what a lost connection has not brought is not sent again.
 * @throws {CommandFailed}
 */
export async function uploadStream(
  session: Session,
  remote: Path,
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Transferred> {
  const started = performance.now();
  const { exchange, bodyEnded } = await session.upload(remote, {}, signal);
  const outcome = new Outcome(exchange.reply());
  const digest = new FileDigest();
  let bytes = 0;
  const body = {
    digest,
    offset: 0,
    // Once the server has answered, nothing more of it is waited for.
    blocks: blocksOf(until(input, outcome.reply, signal), digest),
    unchanged: async () => undefined,
    onHandedOver: (sent: number) => {
      bytes = sent;
    },
  };
  const sent = await sendBody(session.connection, body, outcome, signal, bodyEnded);
  confirmStored(orRefused(await outcome.reply), sent.digest);
  const seconds = (performance.now() - started) / 1000;
  return { bytes, reused: 0, digest: () => sent.digest, seconds };
}

/** Cuts a stream into blocks, with room for a header in front of each. */
async function* blocksOf(
  input: AsyncIterable<Uint8Array>,
  digest: FileDigest,
): AsyncGenerator<ReadBlock> {
  let buffer = Buffer.allocUnsafe(MAX_BLOCK_HEADER + BLOCK_SIZE);
  let length = 0;
  const finish = (): ReadBlock => {
    const value = blockDigest(buffer.subarray(MAX_BLOCK_HEADER, MAX_BLOCK_HEADER + length));
    digest.add(value);
    return { buffer, length, digest: value, release: () => undefined };
  };
  for await (const piece of input) {
    for (let from = 0; from < piece.length;) {
      const taken = Math.min(piece.length - from, BLOCK_SIZE - length);
      buffer.set(piece.subarray(from, from + taken), MAX_BLOCK_HEADER + length);
      length += taken;
      from += taken;
      if (length < BLOCK_SIZE) continue;
      yield finish();
      // What was handed over belongs to whoever sends it.
      buffer = Buffer.allocUnsafe(MAX_BLOCK_HEADER + BLOCK_SIZE);
      length = 0;
    }
  }
  if (length > 0) yield finish();
}

/**
 * Reads a stream up to its end, or until something has settled, also while nothing comes.
 * @throws {Interrupted} likewise
 */
async function* until(
  input: AsyncIterable<Uint8Array>,
  settled: Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // A promise of its own for each piece: what is raced against one that lasts would last as well.
  let turn = Promise.withResolvers<IteratorResult<Uint8Array> | undefined>();
  let isSettled = false;
  const stop = (): void => {
    isSettled = true;
    turn.resolve(undefined);
  };
  settled.then(stop, stop);
  const interrupt = (): void => turn.reject(new Interrupted());
  signal.addEventListener("abort", interrupt);
  const iterator = input[Symbol.asyncIterator]();
  try {
    for (;;) {
      if (isSettled) return;
      if (signal.aborted) throw new Interrupted();
      turn = Promise.withResolvers();
      iterator.next().then(turn.resolve, turn.reject);
      const next = await turn.promise;
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(Status.failed, `Standard input cannot be read: ${reason}`);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
