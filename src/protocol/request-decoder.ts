import {
  anyBlocks,
  fileBlocks,
  parseBlockHeader,
  type BlockHeader,
  type BlockRule,
} from "./block.ts";
import {
  parseBodyEnd,
  parseRequest,
  type AnyRequest,
  type Rejection,
  type Request as RequestTo,
} from "./request.ts";
import { Scanner, type Lend, type Run } from "./scanner.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a server reads from a client. */
export type RequestEvent =
  | { readonly type: "request"; readonly request: AnyRequest }
  /** A line that asks for nothing that can be done. After a PUT its body follows all the same. */
  | { readonly type: "rejected"; readonly rejection: Rejection }
  | ({ readonly type: "block"; readonly digest: bigint | undefined } & Run)
  | { readonly type: "keepalive" }
  | { readonly type: "end"; readonly digest: bigint | undefined; readonly rejection?: Rejection }
  | { readonly type: "abort"; readonly drop: boolean };

/**
 * The server's side of the stream: bytes in, events out. Pure and incremental: whatever pieces the
 * stream comes in, the events are the same. After it has thrown it gives nothing more.
 */
export class RequestDecoder {
  readonly #scanner: Scanner;
  #header: BlockHeader | undefined;
  #body: BlockRule | undefined;
  #first = true;
  #broken: ProtocolViolation | undefined;

  /** @param lend memory for blocks; each has its own where left out */
  constructor(lend?: Lend) {
    this.#scanner = new Scanner(lend);
  }

  /** Bytes that were pushed and have not become an event. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  /** What has arrived in part, if anything. */
  get midway(): "line" | "block" | undefined {
    if (this.#header !== undefined) return "block";
    return this.#scanner.midway ? "line" : undefined;
  }

  /** Bytes of a block that has not wholly arrived. */
  get partial(): number {
    return this.#scanner.filled;
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
   * @throws {ProtocolViolation} where the client broke the protocol: answer `500` and close.
   */
  next(): RequestEvent | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#header === undefined ? this.#nextLine() : this.#nextBlock(this.#header);
    } catch (error) {
      if (error instanceof ProtocolViolation) this.#broken = error;
      throw error;
    }
  }

  #nextLine(): RequestEvent | undefined {
    const line = this.#scanner.line();
    if (line === undefined) return undefined;
    return this.#body === undefined ? this.#request(line) : this.#inBody(line, this.#body);
  }

  #request(line: string): RequestEvent {
    const understood = parseRequest(line);
    const first = this.#first;
    this.#first = false;
    if (understood.ok) {
      const { request } = understood;
      if (request.verb === "PUT") this.#body = bodyOf(request);
      return { type: "request", request };
    }
    const { rejection } = understood;
    if (first && rejection.failure.code === 500) throw new ProtocolViolation(rejection.message);
    if (rejection.verb === "END") throw new ProtocolViolation("END outside of a body");
    if (rejection.verb === "PUT") this.#body = anyBlocks;
    return { type: "rejected", rejection };
  }

  #inBody(line: string, rule: BlockRule): RequestEvent | undefined {
    if (line.startsWith("+")) {
      const header = parseBlockHeader(line);
      rule.accept(header.length);
      this.#header = header;
      return this.#nextBlock(header);
    }
    if (line === "~") return { type: "keepalive" };
    const end = parseBodyEnd(line);
    if (end === undefined) throw new ProtocolViolation("A request stands inside a body");
    this.#body = undefined;
    if (!end.ok) return { type: "end", digest: undefined, rejection: end.rejection };
    const { request } = end;
    return request.verb === "END"
      ? { type: "end", digest: request.keys.digest }
      : { type: "abort", drop: request.keys.drop === true };
  }

  #nextBlock(header: BlockHeader): RequestEvent | undefined {
    const run = this.#scanner.run(header.length);
    if (run === undefined) return undefined;
    this.#header = undefined;
    return { type: "block", ...run, digest: header.digest };
  }
}

function bodyOf({ keys }: RequestTo<"PUT">): BlockRule {
  const { size, offset = 0 } = keys;
  // Whoever goes on behind the end is refused, and sends nothing that could be kept.
  return fileBlocks(size === undefined ? undefined : Math.max(0, size - offset));
}
