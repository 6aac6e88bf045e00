import {
  anyBlocks,
  fileBlocks,
  parseBlockHeader,
  type BlockHeader,
  type BlockRule,
} from "./block.ts";
import { parseReply, type Reply } from "./reply.ts";
import { Scanner } from "./scanner.ts";
import { parseDecimal } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a client reads from a server. */
export type ReplyEvent =
  | { readonly type: "reply"; readonly reply: Reply }
  | { readonly type: "block"; readonly data: Uint8Array; readonly digest: bigint }
  | { readonly type: "keepalive" };

/**
 * The client's side of the stream: bytes in, events out. Pure and incremental: whatever pieces the
 * stream comes in, the events are the same. A body begins after `150`: a file's where that names a
 * size, a listing's otherwise. After it has thrown it gives nothing more.
 */
export class ReplyDecoder {
  readonly #scanner = new Scanner();
  #header: (BlockHeader & { readonly digest: bigint }) | undefined;
  #body: BlockRule | undefined;
  #broken: ProtocolViolation | undefined;

  /** Bytes that were pushed and have not become an event. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  push(piece: Uint8Array): void {
    this.#scanner.push(piece);
  }

  /**
   * The next event, or `undefined` until more is pushed.
   * @throws {ProtocolViolation} where the server broke the protocol: close the connection.
   */
  next(): ReplyEvent | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#header === undefined ? this.#nextLine() : this.#nextBlock(this.#header);
    } catch (error) {
      if (error instanceof ProtocolViolation) this.#broken = error;
      throw error;
    }
  }

  #nextLine(): ReplyEvent | undefined {
    const line = this.#scanner.line();
    if (line === undefined) return undefined;
    if (this.#body !== undefined && line.startsWith("+")) {
      return this.#blockHeader(line, this.#body);
    }
    if (this.#body !== undefined && line === "~") return { type: "keepalive" };
    const reply = parseReply(line);
    if (this.#body !== undefined && reply.code === 150) {
      throw new ProtocolViolation("The server began a body inside a body");
    }
    if (reply.code === 150) this.#body = bodyOf(reply);
    else if (reply.code >= 200) this.#body = undefined;
    return { type: "reply", reply };
  }

  #blockHeader(line: string, rule: BlockRule): ReplyEvent | undefined {
    const { length, digest } = parseBlockHeader(line);
    if (digest === undefined) throw new ProtocolViolation("The server sent a block without digest");
    rule.accept(length);
    this.#header = { length, digest };
    return this.#nextBlock(this.#header);
  }

  #nextBlock(header: BlockHeader & { readonly digest: bigint }): ReplyEvent | undefined {
    const data = this.#scanner.run(header.length);
    if (data === undefined) return undefined;
    this.#header = undefined;
    return { type: "block", data, digest: header.digest };
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
