import { blockDigest } from "../../digest/block.ts";
import { contentDigest } from "../../digest/file.ts";
import { packBlocks } from "../../protocol/pack.ts";
import type { Request } from "../../protocol/request.ts";
import { roomFor } from "../../storage/read-blocks.ts";
import { pathsOf } from "../job.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";
import { transferred } from "../transferred.ts";

/**
 * Sends small files of a folder in one body: to ask for each, and to answer that, costs both sides
 * more than the file. Those with which anything is unusual are left out.
 */
export async function pack(request: Request<"PACK">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const paths = pathsOf(request);
  const read = (await exchange.storage.readSmall?.(paths)) ?? [];
  const files = paths.map((_, index) => read[index]);
  exchange.begin({});
  let sent = 0;
  for (const { buffer, length, release } of packBlocks(files, roomFor)) {
    const digest = blockDigest(buffer.subarray(HEADROOM, HEADROOM + length));
    await exchange.block(buffer, length, digest, release);
    sent += length;
    exchange.progress(sent);
  }
  for (const [index, path] of paths.entries()) {
    const content = files[index]?.content;
    if (content === undefined) continue;
    const digest = contentDigest(content);
    const moved = { direction: "sent", path, bytes: content.length, digest } as const;
    exchange.observe(transferred(exchange.client, moved, started));
  }
  return { code: 226 };
}
