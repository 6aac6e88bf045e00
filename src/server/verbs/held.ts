import { FileDigest } from "../../digest/file.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import type { Done, Exchange } from "../exchange.ts";

/** Tells how much of an interrupted upload is held, and takes it from whoever has it. */
export async function held(request: Request<"HELD">, exchange: Exchange): Promise<Done> {
  const { path, keys } = request;
  const part = await exchange.parts.hold(path, keys.part, (done) => exchange.progress(done));
  const digest = part?.digest ?? new FileDigest().value();
  return { code: 213, fields: { offset: part?.held ?? 0, digest: formatDigest(digest) } };
}
