import * as fc from "fast-check";
import { BLOCK_SIZE } from "../../src/protocol/limits.ts";
import type { ReplyDecoder, ReplyEvent } from "../../src/protocol/reply-decoder.ts";
import type { RequestDecoder, RequestEvent } from "../../src/protocol/request-decoder.ts";
import { formatDigest } from "../../src/protocol/text.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";
import { split } from "./arbitraries.ts";

/** Part of a stream, and the events that it must come out as. */
export interface Stretch<E> {
  readonly bytes: Uint8Array;
  readonly events: readonly E[];
}

/** Stretches one after the other. */
export function joined<E>(stretches: readonly Stretch<E>[]): Stretch<E> {
  return {
    bytes: Buffer.concat(stretches.map(({ bytes }) => bytes)),
    events: stretches.flatMap(({ events }) => events),
  };
}

/** A line, and the event that it comes out as. */
export function lineOf<E>(line: string, event: E): Stretch<E> {
  return { bytes: Buffer.from(line), events: [event] };
}

export const KEEPALIVE = lineOf("~\n", { type: "keepalive" } as const);

const digests = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** A block with a digest that may or may not be right: a decoder does not look at that. */
export function blockOf(
  data: fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<
  Stretch<{ readonly type: "block"; readonly data: Uint8Array; readonly digest: bigint }>
> {
  return fc.tuple(data, digests).map(([data, digest]) => ({
    bytes: Buffer.concat([Buffer.from(`+${data.length} ${formatDigest(digest)}\n`), data]),
    events: [{ type: "block", data, digest }],
  }));
}

/** A block's content that is short, with what looks like lines in it as often as not. */
export const shortContent = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc
    .array(fc.constantFrom("END\n", "+5\n", "~\n", "QUIT\n", "226 a=1\n", "\r\n"), { minLength: 1 })
    .map((words) => Buffer.from(words.join(""))),
);

/** The content of a whole block: costly, so there should be few. */
export const wholeContent = fc.nat(255).map((byte) => Buffer.alloc(BLOCK_SIZE, byte));

/** Some keepalives. */
export const keepalives = fc
  .array(fc.constant(KEEPALIVE), { maxLength: 2 })
  .map((list) => joined(list));

/** What came out of a decoder, and what it threw at the end. */
export interface Outcome {
  readonly events: readonly unknown[];
  readonly violation: string | undefined;
}

/** Feeds a decoder piece by piece, and lets only violations pass as what it may throw. */
export function decode(
  decoder: RequestDecoder | ReplyDecoder,
  pieces: readonly Uint8Array[],
): Outcome {
  const events: unknown[] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        events.push(comparable(event));
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    return { events, violation: error.message };
  }
  return { events, violation: undefined };
}

/** An event with its bytes in a form that is compared by content. */
export function comparable(event: RequestEvent | ReplyEvent): unknown {
  if (event.type !== "block") return event;
  return { ...event, data: Buffer.from(event.data).toString("latin1") };
}

/** What the decoder throws next, given more to read. */
export function thrownNext(decoder: RequestDecoder | ReplyDecoder, more: string): unknown {
  decoder.push(Buffer.from(more));
  try {
    return decoder.next();
  } catch (error) {
    return error;
  }
}

/** A stream cut at one place, at each, and at every. */
export function everySplit(bytes: Uint8Array): Uint8Array[][] {
  const places = Array.from(bytes.keys());
  return [split(bytes, places), ...places.map((place) => split(bytes, [place]))];
}
