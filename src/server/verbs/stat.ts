import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { digestOf } from "../../storage/read-blocks.ts";
import type { Done, Exchange } from "../exchange.ts";

/** Tells of one file or folder, with its digest where that is asked for. */
export async function stat(request: Request<"STAT">, exchange: Exchange): Promise<Done> {
  if (request.keys.digest === undefined) {
    return { code: 213, fields: { ...(await exchange.storage.stat(request.path)) } };
  }
  const source = await exchange.storage.open(request.path);
  try {
    const digest = await digestOf(source, (done) => exchange.progress(done));
    const { size, mtime, exec } = source;
    return { code: 213, fields: { type: "file", size, mtime, exec, digest: formatDigest(digest) } };
  } finally {
    await source.close();
  }
}
