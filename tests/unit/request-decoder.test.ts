import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { RequestDecoder, type RequestEvent } from "../../src/protocol/request-decoder.ts";
import { formatBodyEnd } from "../../src/protocol/request.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";
import { bodilessRequest, changes, cuts, mutate, putRequest, split } from "./arbitraries.ts";
import {
  blockOf,
  comparable,
  decode,
  everySplit,
  joined,
  keepalives,
  lineOf,
  shortContent,
  thrownNext,
  wholeContent,
  type Outcome,
  type Stretch,
} from "./conversations.ts";

type RequestStretch = Stretch<RequestEvent>;

const bodiless: fc.Arbitrary<RequestStretch> = bodilessRequest.map(({ request, line }) =>
  lineOf(line, { type: "request", request }),
);

const ending: fc.Arbitrary<RequestStretch> = fc.oneof(
  fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }).map((digest) =>
    lineOf(formatBodyEnd("END", digest === undefined ? {} : { digest }), {
      type: "end" as const,
      digest,
    }),
  ),
  fc
    .constantFrom("ABORT\n", "ABORT drop=1\n", "abort\r\n")
    .map((line) => lineOf(line, { type: "abort" as const, drop: line.includes("drop") })),
);

function uploadOf(content: fc.Arbitrary<Uint8Array[]>): fc.Arbitrary<RequestStretch> {
  return fc.tuple(content, fc.boolean()).chain(([blocks, named]) => {
    const size = blocks.reduce((sum, { length }) => sum + length, 0);
    return fc
      .tuple(
        putRequest(named ? size : undefined),
        fc.tuple(...blocks.map((data) => fc.tuple(keepalives, blockOf(fc.constant(data))))),
        keepalives,
        ending,
      )
      .map(([{ request, line }, body, quiet, end]) =>
        joined<RequestEvent>([
          lineOf(line, { type: "request", request }),
          ...body.flat(),
          quiet,
          end,
        ]),
      );
  });
}

const smallUpload = uploadOf(
  fc.oneof(
    shortContent.map((data) => [data]),
    fc.constant<Uint8Array[]>([]),
  ),
);
const largeUpload = uploadOf(fc.tuple(wholeContent, shortContent));

function conversationOf(upload: fc.Arbitrary<RequestStretch>): fc.Arbitrary<RequestStretch> {
  return fc
    .array(fc.oneof({ arbitrary: bodiless, weight: 2 }, { arbitrary: upload, weight: 1 }), {
      maxLength: 6,
    })
    .map((list) => joined(list));
}

const conversation = conversationOf(smallUpload);

function outcomeOf(pieces: readonly Uint8Array[]): Outcome {
  return decode(new RequestDecoder(), pieces);
}

describe("RequestDecoder", () => {
  test("gives the events of a conversation however it is cut", () => {
    fc.assert(
      fc.property(conversation, cuts, ({ bytes, events }, cuts) => {
        const expected = { events: events.map(comparable), violation: undefined };
        expect(outcomeOf(split(bytes, cuts))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("gives the events of a conversation when it is cut at every byte", () => {
    fc.assert(
      fc.property(fc.oneof(bodiless, smallUpload), ({ bytes, events }) => {
        const expected = { events: events.map(comparable), violation: undefined };
        for (const pieces of everySplit(bytes)) expect(outcomeOf(pieces)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test("gives the events of a conversation with whole blocks however it is cut", () => {
    fc.assert(
      fc.property(largeUpload, cuts, ({ bytes, events }, cuts) => {
        const expected = { events: events.map(comparable), violation: undefined };
        expect(outcomeOf(split(bytes, cuts))).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  test("throws nothing but ProtocolViolation, the same one from then on, when the bytes are random", () => {
    const words = fc.constantFrom(
      "GET",
      "PUT",
      "END",
      "ABORT",
      "~",
      "+5",
      "+1 ",
      " a",
      " size=",
      "5",
      "\n",
      "\r\n",
      "hello",
      "%",
      " ",
      "=",
    );
    const stream = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(words, { maxLength: 60 }).map((list) => Buffer.from(list.join(""))),
    );
    fc.assert(
      fc.property(stream, cuts, (bytes, cuts) => {
        const decoder = new RequestDecoder();
        const outcome = decode(decoder, split(bytes, cuts));
        expect(outcome).toEqual(outcomeOf([bytes]));
        if (outcome.violation === undefined) return;
        const error = thrownNext(decoder, "NOOP\n");
        expect(error).toBeInstanceOf(ProtocolViolation);
        expect(error).toHaveProperty("message", outcome.violation);
        expect(thrownNext(decoder, "")).toBe(error);
      }),
      { numRuns: 1000 },
    );
  });

  test("throws nothing but ProtocolViolation when a conversation is changed, however it is cut", () => {
    fc.assert(
      fc.property(conversation, changes, cuts, ({ bytes }, changes, cuts) => {
        const changed = mutate(bytes, changes);
        expect(outcomeOf(split(changed, cuts))).toEqual(outcomeOf([changed]));
      }),
      { numRuns: 500 },
    );
  });
});
