import { blockDigest } from "../../digest/block.ts";
import { smallFileDigest } from "../../digest/file.ts";
import { BLOCK_SIZE } from "../../protocol/limits.ts";
import { formatPackHead } from "../../protocol/pack.ts";
import type { Request } from "../../protocol/request.ts";
import type { SmallFile } from "../../storage/storage.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";
import { transferred } from "../transferred.ts";

/**
 * Sends small files of a folder in one body: to ask for each, and to answer that, costs both sides
 * more than the file. Those with which anything is unusual are left out.
 */
export async function pack(request: Request<"PACK">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const paths = request.keys.names.map((name) => [...request.path, name]);
  const read = (await exchange.storage.readSmall?.(paths)) ?? [];
  const files = paths.map((_, index) => read[index]);
  exchange.begin({});
  let sent = 0;
  for (const { buffer, length } of blocksOf(files)) {
    const digest = blockDigest(buffer.subarray(HEADROOM, HEADROOM + length));
    await exchange.block(buffer, length, digest);
    sent += length;
    exchange.progress(sent);
  }
  for (const [index, path] of paths.entries()) {
    const content = files[index]?.content;
    if (content === undefined) continue;
    const digest = smallFileDigest(content.length === 0 ? undefined : blockDigest(content));
    const moved = { direction: "sent", path, bytes: content.length, digest } as const;
    exchange.observe(transferred(exchange.client, moved, started));
  }
  return { code: 226 };
}

/**
 * The line that tells of the files, and behind it what is in them, none of it in two blocks. The
 * blocks have room for a header.
 */
function* blocksOf(
  files: readonly (SmallFile | undefined)[],
): Generator<{ readonly buffer: Buffer; readonly length: number }> {
  const heads = files.map(
    (file) => file && { size: file.content.length, mtime: file.mtime, exec: file.exec },
  );
  const contents = files.flatMap((file) => file?.content ?? []);
  const pieces = [Buffer.from(formatPackHead(heads), "latin1"), ...contents];
  let left = pieces.reduce((sum, { length }) => sum + length, 0);
  let buffer = roomFor(left);
  let length = 0;
  for (const piece of pieces) {
    if (length + piece.length > buffer.length - HEADROOM) {
      yield { buffer, length };
      left -= length;
      buffer = roomFor(left);
      length = 0;
    }
    buffer.set(piece, HEADROOM + length);
    length += piece.length;
  }
  yield { buffer, length };
}

function roomFor(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(HEADROOM + Math.min(bytes, BLOCK_SIZE));
}
