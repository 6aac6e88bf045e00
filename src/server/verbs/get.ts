import { FileDigest } from "../../digest/file.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import {
  BLOCK_SIZE,
  digestRange,
  readBlocks,
  readOnlyBlock,
  SMALL,
  type ReadBlock,
} from "../../storage/read-blocks.ts";
import { checkWhole } from "../../storage/whole.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";
import { transferred } from "../transferred.ts";

/** Sends a file. */
export async function get(request: Request<"GET">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const source = await exchange.open(request.path);
  try {
    const { size, mtime, exec } = source;
    // Of several files that are opened ahead only small ones are read ahead as well.
    if (size > BLOCK_SIZE) await exchange.turn();
    const digest = new FileDigest();
    const offset = startOf(request.keys.offset ?? 0, size);
    // The client digests its part meanwhile, and cancels where it is another.
    if (offset > 0) {
      await digestRange(source, digest, { to: offset }, (done) => exchange.progress(done));
    }
    const prefix = offset > 0 ? formatDigest(digest.value()) : undefined;
    exchange.begin({ size, mtime, offset, exec, prefix });
    let sent = offset;
    const send = async ({ buffer, length, digest, release }: ReadBlock): Promise<void> => {
      await exchange.block(buffer, length, digest, release);
      sent += length;
      exchange.progress(sent);
    };
    // To read ahead in what is one block costs more than to read it.
    if (offset === 0 && size > 0 && size <= SMALL) {
      await send(await readOnlyBlock(source, digest, HEADROOM));
    } else {
      const range = { from: offset, headroom: HEADROOM };
      for await (const block of readBlocks(source, digest, range)) await send(block);
    }
    await checkWhole(source, digest.value());
    const whole = digest.value();
    const moved = { direction: "sent", path: request.path, bytes: size, digest: whole } as const;
    exchange.observe(transferred(exchange.client, moved, started));
    return { code: 226, fields: { digest: formatDigest(whole) } };
  } finally {
    await source.close();
  }
}

/** Where to begin: a block boundary within the file, or else its beginning. */
function startOf(offset: number, size: number): number {
  return offset % BLOCK_SIZE === 0 && offset <= size ? offset : 0;
}
