import {
  anyBlocks,
  fileBlocks,
  parseBlockHeader,
  type BlockHeader,
  type BlockRule,
} from "./block.ts";
import {
  hasBody,
  parseBodyEnd,
  parseRequest,
  type AnyRequest,
  type Rejection,
  type Request as RequestTo,
} from "./request.ts";
import type { Run } from "./scanner.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a server reads from a client. */
export type RequestEvent =
  | { readonly type: "request"; readonly request: AnyRequest }
  /** A line that asks for nothing that can be done. Where it has a body, that follows all the same. */
  | { readonly type: "rejected"; readonly rejection: Rejection }
  | ({ readonly type: "block"; readonly digest: bigint | undefined } & Run)
  | { readonly type: "keepalive" }
  | { readonly type: "end"; readonly digest: bigint | undefined; readonly rejection?: Rejection }
  | { readonly type: "abort"; readonly drop: boolean };

/** The server's side of the stream. */
export class RequestDecoder extends StreamDecoder<RequestEvent, BlockHeader> {
  #first = true;

  protected override onLine(line: string): RequestEvent | undefined {
    return this.body === undefined ? this.#request(line) : this.#inBody(line, this.body);
  }

  protected override onBlock(run: Run, { digest }: BlockHeader): RequestEvent {
    return { type: "block", ...run, digest };
  }

  #request(line: string): RequestEvent {
    const understood = parseRequest(line);
    const first = this.#first;
    this.#first = false;
    if (understood.ok) {
      const { request } = understood;
      if (request.verb === "PUT") this.body = bodyOf(request);
      else if (hasBody(request.verb)) this.body = anyBlocks;
      return { type: "request", request };
    }
    const { rejection } = understood;
    if (first && rejection.failure.code === 500) throw new ProtocolViolation(rejection.message);
    if (rejection.verb === "END") throw new ProtocolViolation("END outside of a body");
    if (hasBody(rejection.verb)) this.body = anyBlocks;
    return { type: "rejected", rejection };
  }

  #inBody(line: string, rule: BlockRule): RequestEvent | undefined {
    if (line.startsWith("+")) return this.beginBlock(parseBlockHeader(line), rule);
    if (line === "~") return { type: "keepalive" };
    const end = parseBodyEnd(line);
    if (end === undefined) throw new ProtocolViolation("A request stands inside a body");
    this.body = undefined;
    if (!end.ok) return { type: "end", digest: undefined, rejection: end.rejection };
    const { request } = end;
    return request.verb === "END"
      ? { type: "end", digest: request.keys.digest }
      : { type: "abort", drop: request.keys.drop === true };
  }
}

function bodyOf({ keys }: RequestTo<"PUT">): BlockRule {
  const { size, offset = 0 } = keys;
  // Whoever goes on behind the end is refused, and sends nothing that could be kept.
  return fileBlocks(size === undefined ? undefined : Math.max(0, size - offset));
}
