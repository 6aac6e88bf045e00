import { blockDigest } from "../../digest/block.ts";
import { BLOCK_SIZE } from "../../protocol/limits.ts";
import type { Request } from "../../protocol/request.ts";
import type { Entry } from "../../storage/storage.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";

/** A listing is sent on when this much of it is ready, in bytes, so that the client can begin. */
const SEND_FROM = 32 * 1024;

/** Lists a folder, or a file alone, as a body of one JSON object a line. */
export async function list(request: Request<"LIST">, exchange: Exchange): Promise<Done> {
  const recursive = request.keys.recursive === true;
  let lines: Buffer[] = [];
  let bytes = 0;
  let listed = 0;
  let begun = false;
  const begin = (): void => {
    if (!begun) exchange.begin({});
    begun = true;
  };
  const send = async (): Promise<void> => {
    const buffer = Buffer.concat([Buffer.alloc(HEADROOM), ...lines], HEADROOM + bytes);
    await exchange.block(buffer, bytes, blockDigest(buffer.subarray(HEADROOM)));
    lines = [];
    bytes = 0;
  };
  for await (const entry of exchange.storage.list(request.path, { recursive })) {
    // What is wrong with the folder itself is known before its first entry.
    begin();
    const line = formatEntry(entry);
    if (bytes + line.length > BLOCK_SIZE) await send();
    lines.push(line);
    bytes += line.length;
    exchange.progress(++listed);
    if (bytes >= SEND_FROM) await send();
  }
  begin();
  if (bytes > 0) await send();
  return { code: 226 };
}

function formatEntry(entry: Entry): Buffer {
  const { path, ...rest } = entry;
  return Buffer.from(`${JSON.stringify({ path: path.join("/"), ...rest })}\n`);
}
