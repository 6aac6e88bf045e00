import { blockDigest } from "../../digest/block.ts";
import { contentDigest } from "../../digest/file.ts";
import { MAX_PACK, unpackBlocks, type PackedContent } from "../../protocol/pack.ts";
import type { Request } from "../../protocol/request.ts";
import type { Run } from "../../protocol/scanner.ts";
import { ProtocolViolation } from "../../protocol/violation.ts";
import { waysTo } from "../../storage/ways.ts";
import { isDamaged } from "../../storage/receiver.ts";
import type { Done, Exchange } from "../exchange.ts";
import { pathsOf } from "../job.ts";
import { aborted, badArgument, RequestFailed } from "../failures.ts";
import { transferred } from "../transferred.ts";

/**
 * Stores small files of a folder that come in one body. Those with which anything is unusual are
 * left: the reply tells their places.
 */
export async function unpack(request: Request<"UNPACK">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const paths = pathsOf(request);
  const blocks = await bodyOf(exchange);
  const held = heldIn(blocks, paths.length);
  const ways = waysTo(paths);
  const names = new Set<string>();
  const files = paths.flatMap((path, place) => {
    const file = held[place];
    const name = ways[place]?.name ?? "";
    // Of two that one file system takes for one name, the second is left.
    if (file === undefined || names.has(name)) return [];
    names.add(name);
    const { content, mtime, exec } = file;
    return [{ place, path, content, digest: contentDigest(content), attributes: { mtime, exec } }];
  });
  // The last moment to be cancelled.
  exchange.progress(0);
  const mayReplace = exchange.rights.withholderOf("replace") === undefined;
  const stored = mayReplace ? await exchange.storage.storeSmall?.(files) : undefined;
  const left = new Set(paths.keys());
  for (const [index, { place, path, content, digest }] of files.entries()) {
    if (stored?.[index] === undefined) continue;
    left.delete(place);
    const moved = { direction: "received", path, bytes: content.length, digest } as const;
    exchange.observe(transferred(exchange.client, moved, started));
  }
  // Behind this nothing is left of what came, not even its length.
  for (const { release } of blocks) release?.();
  return { code: 226, fields: { left: left.size === 0 ? undefined : [...left].join(",") } };
}

/** @throws {RequestFailed} where it is cut, too long, or not what was sent */
async function bodyOf(exchange: Exchange): Promise<readonly Run[]> {
  const blocks: Run[] = [];
  let length = 0;
  for (;;) {
    exchange.progress(0);
    const event = await exchange.nextOfBody();
    switch (event.type) {
      case "block":
        length += event.data.length;
        if (length > MAX_PACK) throw badArgument("A pack holds at most 64 files of 16384 bytes");
        if (isDamaged(blockDigest(event.data), event.digest)) {
          const message = "The pack was damaged on the way";
          throw new RequestFailed({ code: 551, word: "mismatch" }, message);
        }
        blocks.push(event);
        break;
      case "keepalive":
        break;
      case "abort":
        throw aborted("The upload is cancelled");
      case "end":
        if (event.rejection !== undefined) throw RequestFailed.fromRejection(event.rejection);
        return blocks;
    }
  }
}

function heldIn(blocks: readonly Run[], count: number): (PackedContent | undefined)[] {
  try {
    return unpackBlocks(
      blocks.map(({ data }) => data),
      count,
    );
  } catch (error) {
    throw error instanceof ProtocolViolation ? badArgument(error.message) : error;
  }
}
