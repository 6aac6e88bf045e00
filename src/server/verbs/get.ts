import { FileDigest } from "../../digest/file.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { readBlocks } from "../../storage/read-blocks.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";

/** Sends a file. */
export async function get(request: Request<"GET">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const source = await exchange.storage.open(request.path);
  try {
    const { size, mtime, exec } = source;
    exchange.begin({ size, mtime, offset: 0, exec });
    const digest = new FileDigest();
    let sent = 0;
    for await (const block of readBlocks(source, HEADROOM, digest)) {
      await exchange.block(block.buffer, block.length, block.digest);
      sent += block.length;
      exchange.progress(sent);
    }
    const hex = formatDigest(digest.value());
    exchange.observe({
      event: "transferred",
      client: exchange.client,
      direction: "sent",
      path: request.path.join("/"),
      bytes: size,
      digest: hex,
      seconds: (performance.now() - started) / 1000,
    });
    return { code: 226, fields: { digest: hex } };
  } finally {
    await source.close();
  }
}
