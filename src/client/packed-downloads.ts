import { blockDigest } from "../digest/block.ts";
import { contentDigest } from "../digest/file.ts";
import { MAX_PACK, unpackBlocks } from "../protocol/pack.ts";
import type { Run } from "../protocol/scanner.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { Interrupted, isOfConnection, refusalOf } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import type { Pack } from "./packs.ts";
import type { Session } from "./session.ts";
import type { SmallDownload, Taker } from "./small-download.ts";

/**
 * Gets small files in packs. Of what is not in its pack, or came damaged, nobody is told.
 * @throws {CommandFailed} where the connection is lost, or the server leaves, or the user interrupts
 */
export async function receivePacked<F extends SmallDownload>(
  session: Session,
  packs: readonly Pack<F>[],
  signal: AbortSignal,
  taker: Taker<F>,
): Promise<void> {
  const asked = packs.map((pack) => ({
    pack,
    exchange: session.request("PACK", pack.folder, { names: pack.names }),
  }));
  const forget = onAbort(signal, () => {
    for (const { exchange } of asked) exchange.startCancel();
  });
  try {
    for (const { pack, exchange } of asked) {
      if (signal.aborted) throw new Interrupted();
      const blocks = await bodyOf(exchange);
      if (blocks !== undefined) take(pack.files, blocks, taker);
    }
  } catch (error) {
    throw error instanceof ProtocolViolation ? session.violated(error.message) : error;
  } finally {
    forget();
    // One that cancels waits for the reply to that, which comes behind all of them.
    await Promise.all(asked.map(({ exchange }) => exchange.tryLeave(Infinity)));
  }
}

/**
 * All of a pack; `undefined` where the server does not give it, or it was damaged on the way.
 * @throws {ProtocolViolation} where it is longer than any
 */
async function bodyOf(exchange: Exchange): Promise<readonly Run[] | undefined> {
  const blocks: Run[] = [];
  let length = 0;
  let hasBegun = false;
  let isDamaged = false;
  for (;;) {
    const event = exchange.nextNow() ?? (await exchange.next());
    if (event.type === "block") {
      length += event.data.length;
      if (length > MAX_PACK) throw new ProtocolViolation("It sent more than a pack can hold");
      isDamaged ||= blockDigest(event.data) !== event.digest;
      blocks.push(event);
      continue;
    }
    const { reply } = event;
    if (reply.code === 150) {
      if (hasBegun) throw new ProtocolViolation("It began the same pack twice");
      hasBegun = true;
      continue;
    }
    if (reply.ok && !isDamaged) return blocks;
    for (const { release } of blocks) release?.();
    const refused = reply.ok ? undefined : refusalOf(reply);
    if (isOfConnection(refused)) throw refused;
    return undefined;
  }
}

/**
 * Hands over what a pack holds; the last of it has the memory of all given back.
 * @throws {ProtocolViolation} where it is not what was asked for
 */
function take<F>(files: readonly F[], blocks: readonly Run[], taker: Taker<F>): void {
  const held = unpackBlocks(
    blocks.map(({ data }) => data),
    files.length,
  );
  const release = (): void => {
    for (const block of blocks) block.release?.();
  };
  const last = held.findLastIndex((one) => one !== undefined);
  if (last === -1) release();
  for (const [index, file] of files.entries()) {
    const one = held[index];
    if (one === undefined) continue;
    const { content, mtime, exec } = one;
    const digest = (): bigint => contentDigest(content);
    const isLast = index === last;
    const attributes = { mtime, exec };
    taker.came(file, { content, attributes, digest, release: isLast ? release : undefined });
  }
}
