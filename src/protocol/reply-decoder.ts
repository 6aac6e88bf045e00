import {
  anyBlocks,
  fileBlocks,
  parseBlockHeader,
  type BlockHeader,
  type BlockRule,
} from "./block.ts";
import { parseReply, type Reply } from "./reply.ts";
import { Scanner, type Lend, type Run } from "./scanner.ts";
import { parseDecimal } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a client reads from a server. */
export type ReplyEvent =
  | { readonly type: "reply"; readonly reply: Reply }
  | ({ readonly type: "block"; readonly digest: bigint } & Run)
  | { readonly type: "keepalive" };

/**
 * The client's side of the stream: bytes in, events out. Pure and incremental: whatever pieces the
 * stream comes in, the events are the same. A body begins after `150`: a file's where that names a
 * size, a listing's otherwise. After it has thrown it gives nothing more.
 */
export class ReplyDecoder {
  readonly #scanner: Scanner;
  #header: (BlockHeader & { readonly digest: bigint }) | undefined;
  #body: BlockRule | undefined;
  #broken: ProtocolViolation | undefined;

  /** @param lend memory for blocks; each has its own where left out */
  constructor(lend?: Lend) {
    this.#scanner = new Scanner(lend);
  }

  /** Bytes that were pushed and have not become an event. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  /** @param free told when nobody looks at the piece any more */
  push(piece: Uint8Array, free?: () => void): void {
    this.#scanner.push(piece, free);
  }

  /** Where the bytes that come next may be put in place of `push`: in a body of large blocks. */
  get room(): readonly Uint8Array[] | undefined {
    if (this.#header !== undefined) return this.#scanner.room(this.#header.length);
    return this.#body?.isOver === false ? this.#scanner.lineRoom : undefined;
  }

  /** Says how many bytes were put into `room`. */
  filled(bytes: number): void {
    this.#scanner.fill(bytes);
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
    const run = this.#scanner.run(header.length);
    if (run === undefined) return undefined;
    this.#header = undefined;
    return { type: "block", ...run, digest: header.digest };
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
