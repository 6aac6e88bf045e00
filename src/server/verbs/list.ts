import { blockDigest } from "../../digest/block.ts";
import type { Request } from "../../protocol/request.ts";
import type { Entry } from "../../storage/storage.ts";
import { HEADROOM, type Done, type Exchange } from "../exchange.ts";

/**
 * A listing is sent on when this much of it is ready, in UTF-16 units, so that the client can begin.
 * With an entry more, of three bytes for each, it fits in a block.
 */
const SEND_FROM = 32 * 1024;

/** Lists a folder, or a file alone, as a body of one JSON object a line. */
export async function list(request: Request<"LIST">, exchange: Exchange): Promise<Done> {
  const recursive = request.keys.recursive === true;
  let lines = "";
  let listed = 0;
  let begun = false;
  const begin = (): void => {
    if (!begun) exchange.begin({});
    begun = true;
  };
  const send = async (): Promise<void> => {
    const bytes = Buffer.byteLength(lines);
    const buffer = Buffer.allocUnsafeSlow(HEADROOM + bytes);
    buffer.write(lines, HEADROOM);
    lines = "";
    await exchange.block(buffer, bytes, blockDigest(buffer.subarray(HEADROOM)));
  };
  for await (const entries of exchange.storage.list(request.path, { recursive })) {
    // What is wrong with the folder itself is known before its first entry.
    begin();
    for (const entry of entries) {
      lines += formatEntry(entry);
      if (lines.length >= SEND_FROM) await send();
    }
    listed += entries.length;
    exchange.progress(listed);
  }
  begin();
  if (lines !== "") await send();
  return { code: 226 };
}

function formatEntry(entry: Entry): string {
  const path = JSON.stringify(entry.path.join("/"));
  if (entry.type === "refused") {
    return `{"path":${path},"type":"refused","reason":${JSON.stringify(entry.reason)}}\n`;
  }
  const { type, size, mtime, exec } = entry;
  return `{"path":${path},"type":"${type}","size":${size},"mtime":${mtime},"exec":${exec}}\n`;
}
