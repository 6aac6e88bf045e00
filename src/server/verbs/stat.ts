import { FileDigest } from "../../digest/file.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { digestRange } from "../../storage/read-blocks.ts";
import { checkWhole } from "../../storage/whole.ts";
import type { Done, Exchange } from "../exchange.ts";
import { badArgument } from "../failures.ts";

/** Tells of one file or folder, with its digest where that is asked for. */
export async function stat(request: Request<"STAT">, exchange: Exchange): Promise<Done> {
  const { digest: wanted, upto } = request.keys;
  if (wanted === undefined) {
    if (upto !== undefined) throw badArgument("upto needs digest=1");
    return { code: 213, fields: { ...(await exchange.storage.stat(request.path)) } };
  }
  const source = await exchange.storage.open(request.path);
  try {
    const { size, mtime, exec } = source;
    const digest = new FileDigest();
    const to = Math.min(upto ?? size, size);
    await digestRange(source, digest, { to }, (done) => exchange.progress(done));
    if (to === size) await checkWhole(source, digest.value());
    else await source.unchanged();
    const hex = formatDigest(digest.value());
    return { code: 213, fields: { type: "file", size, mtime, exec, digest: hex } };
  } finally {
    await source.close();
  }
}
