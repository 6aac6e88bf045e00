import {
  anyBlocks,
  fileBlocks,
  parseBlockHeader,
  type BlockHeader,
  type BlockRule,
} from "./block.ts";
import { parseReply, type Reply } from "./reply.ts";
import type { Run } from "./scanner.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import { parseDecimal } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a client reads from a server. */
export type ReplyEvent =
  | { readonly type: "reply"; readonly reply: Reply }
  | ({ readonly type: "block"; readonly digest: bigint } & Run)
  | { readonly type: "keepalive" };

/** Without a digest nothing can be told of a block. */
interface DigestedHeader extends BlockHeader {
  readonly digest: bigint;
}

/**
 * The client's side of the stream. A body begins after `150`: a file's where that names a size, a
 * listing's otherwise.
 */
export class ReplyDecoder extends StreamDecoder<ReplyEvent, DigestedHeader> {
  protected override onLine(line: string): ReplyEvent | undefined {
    const { body } = this;
    if (body !== undefined && line.startsWith("+")) {
      const { length, digest } = parseBlockHeader(line);
      if (digest !== undefined) return this.beginBlock({ length, digest }, body);
      throw new ProtocolViolation("The server sent a block without digest");
    }
    if (body !== undefined && line === "~") return { type: "keepalive" };
    const reply = parseReply(line);
    if (body !== undefined && reply.code === 150) {
      throw new ProtocolViolation("The server began a body inside a body");
    }
    if (reply.code === 150) this.body = bodyOf(reply);
    else if (reply.code >= 200) this.body = undefined;
    return { type: "reply", reply };
  }

  protected override onBlock(run: Run, { digest }: DigestedHeader): ReplyEvent {
    return { type: "block", ...run, digest };
  }
}

function bodyOf(reply: Reply): BlockRule {
  const named = reply.ok ? reply.fields.get("size") : undefined;
  if (named === undefined) return anyBlocks;
  const size = parseDecimal(named);
  if (size === undefined) {
    throw new ProtocolViolation("The server named a size that is no number");
  }
  const offset = parseDecimal((reply.ok ? reply.fields.get("offset") : undefined) ?? "0");
  if (offset === undefined || offset > size) {
    throw new ProtocolViolation("The server named an offset that is not in the file");
  }
  return fileBlocks(size - offset);
}
