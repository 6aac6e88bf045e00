import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ReplyDecoder, type ReplyEvent } from "../../src/protocol/reply-decoder.ts";
import { formatFailure, formatSuccess, type Reply } from "../../src/protocol/reply.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";
import { changes, cuts, mutate, split } from "./arbitraries.ts";
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

type ReplyStretch = Stretch<ReplyEvent>;

function replyOf(line: string, reply: Reply): ReplyStretch {
  return lineOf(line, { type: "reply", reply });
}

const success: fc.Arbitrary<ReplyStretch> = fc
  .tuple(
    fc.constantFrom(200, 213, 220, 221, 225, 226, 230, 250, 334),
    fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/), fc.string({ unit: "binary" }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  )
  .map(([code, fields]) =>
    replyOf(formatSuccess(code, fields), {
      ok: true,
      code,
      fields: new Map(Object.entries(fields)),
    }),
  );

const failure: fc.Arbitrary<ReplyStretch> = fc
  .string({ unit: "grapheme-ascii", maxLength: 20 })
  .map((message) =>
    replyOf(formatFailure({ code: 553, word: "not-a-file" }, message), {
      ok: false,
      code: 553,
      word: "not-a-file",
      message,
    }),
  );

const working: fc.Arbitrary<ReplyStretch> = fc.nat().map((done) =>
  replyOf(`110 done=${done}\r\n`, {
    ok: true,
    code: 110,
    fields: new Map([["done", `${done}`]]),
  }),
);

const final = fc.oneof(success, failure);

/** A body with its `150` and its final reply; a listing's where no size is named. */
function bodyOf(content: fc.Arbitrary<Uint8Array[]>, named: boolean): fc.Arbitrary<ReplyStretch> {
  return content.chain((blocks) => {
    const size = blocks.reduce((sum, { length }) => sum + length, 0);
    const fields = named ? { size } : {};
    const begin = replyOf(formatSuccess(150, fields), {
      ok: true,
      code: 150,
      fields: new Map(Object.entries(fields).map(([key, value]) => [key, String(value)])),
    });
    return fc
      .tuple(
        fc.tuple(...blocks.map((data) => fc.tuple(keepalives, blockOf(fc.constant(data))))),
        keepalives,
        final,
      )
      .map(([body, quiet, end]) => joined<ReplyEvent>([begin, ...body.flat(), quiet, end]));
  });
}

const file = bodyOf(
  fc.oneof(
    shortContent.map((data) => [data]),
    fc.constant<Uint8Array[]>([]),
  ),
  true,
);
const listing = bodyOf(fc.array(shortContent, { maxLength: 3 }), false);
const largeFile = bodyOf(fc.tuple(wholeContent, shortContent), true);

const conversation = fc
  .array(fc.oneof(success, failure, working, file, listing), { maxLength: 6 })
  .map((list) => joined(list));

function outcomeOf(pieces: readonly Uint8Array[]): Outcome {
  return decode(new ReplyDecoder(), pieces);
}

const D = "9f86d081884c7d65";

describe("ReplyDecoder", () => {
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
      fc.property(fc.oneof(success, failure, file, listing), ({ bytes, events }) => {
        const expected = { events: events.map(comparable), violation: undefined };
        for (const pieces of everySplit(bytes)) expect(outcomeOf(pieces)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test("gives the events of a conversation with whole blocks however it is cut", () => {
    fc.assert(
      fc.property(largeFile, cuts, ({ bytes, events }, cuts) => {
        const expected = { events: events.map(comparable), violation: undefined };
        expect(outcomeOf(split(bytes, cuts))).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  test("throws nothing but ProtocolViolation, the same one from then on, when the bytes are random", () => {
    const words = fc.constantFrom(
      "150",
      "226",
      "110",
      "550 ",
      " size=",
      "5",
      "+5 ",
      "+1 ",
      D,
      "~",
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
        const decoder = new ReplyDecoder();
        const outcome = decode(decoder, split(bytes, cuts));
        expect(outcome).toEqual(outcomeOf([bytes]));
        if (outcome.violation === undefined) return;
        const error = thrownNext(decoder, "200\n");
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
