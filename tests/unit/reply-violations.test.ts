import { describe, expect, test } from "bun:test";
import { BLOCK_SIZE, MAX_LINE } from "../../src/protocol/limits.ts";
import { ReplyDecoder } from "../../src/protocol/reply-decoder.ts";
import { decode, type Outcome } from "./conversations.ts";

const D = "9f86d081884c7d65";

function outcomeOf(pieces: readonly Uint8Array[]): Outcome {
  return decode(new ReplyDecoder(), pieces);
}

function outcomeOfText(...texts: string[]): Outcome {
  return outcomeOf(texts.map((text) => Buffer.from(text)));
}

describe("ReplyDecoder", () => {
  test.each([
    ["something else than Simple FTP", "", "HTTP/1.1 400 Bad Request\r\n"],
    ["a block outside of a body", "200\n", `+5 ${D}\n`],
    ["a keepalive outside of a body", "200\n", "~\n"],
    ["a keepalive behind a body", "150 size=0\n226\n", "~\n"],
    ["a block behind a body", "150 size=1\n226\n", `+1 ${D}\n`],
    ["a block behind a refusal", "550 not-found x\n", `+1 ${D}\n`],
    ["a size that is no number", "200\n", "150 size=abc\n"],
    ["a size with a leading zero", "200\n", "150 size=05\n"],
    ["a negative size", "200\n", "150 size=-1\n"],
    ["a size that would be rounded", "200\n", "150 size=9007199254740993\n"],
    ["a block without digest", "150 size=5\n", "+5\n"],
    ["a block of length 0", "150\n", `+0 ${D}\n`],
    ["a block over the size of a block", "150\n", `+262145 ${D}\n`],
    ["a block far over the size of a block", "150\n", `+999999999999 ${D}\n`],
    ["more than was announced", "150 size=4\n", `+5 ${D}\n`],
    ["less than was announced in a block", "150 size=6\n", `+5 ${D}\n`],
    ["a block behind the last", `150 size=1\n+1 ${D}\nx`, `+1 ${D}\n`],
    ["a second body inside a body", "150\n", "150\n"],
    ["an offset behind the end", "200\n", "150 size=5 offset=6\n"],
    ["an offset that is no number", "200\n", "150 size=5 offset=abc\n"],
    ["more than is left behind an offset", "150 size=9 offset=5\n", `+5 ${D}\n`],
    ["a line of content without a block", "150\n", '{"path":"a"}\n'],
    ["a line end behind a block", `150\n+1 ${D}\nx`, "\n"],
    ["an empty line", "", "\n"],
  ])("throws at once for %s", (_, before, line) => {
    expect(outcomeOfText(before).violation).toBeUndefined();
    const expected = { events: outcomeOfText(before).events, violation: expect.any(String) };
    expect(outcomeOfText(before, line)).toEqual(expected);
    expect(outcomeOfText(`${before}${line}hello\n226\n`)).toEqual(expected);
  });

  test("passes on a 1xx inside of a body, which goes on behind it", () => {
    const { events, violation } = outcomeOfText(`150 size=5\n110 done=1\n+5 ${D}\nhello226\n`);
    expect(violation).toBeUndefined();
    expect(events).toMatchObject([
      { type: "reply" },
      { type: "reply" },
      { type: "block" },
      { type: "reply" },
    ]);
  });

  test("passes on an unknown code outside of a body", () => {
    expect(outcomeOfText("199\n299 a=1\n599 word text\n").events).toHaveLength(3);
  });

  test("throws once a line is over the limit, however much would follow", () => {
    for (const start of ["", "200\n", "150\n", "150\n+5"]) {
      const decoder = new ReplyDecoder();
      decode(decoder, [Buffer.from(start)]);
      const piece = Buffer.alloc(1000, "5");
      let fed = 0;
      while (fed < 100_000_000 && decode(decoder, [piece]).violation === undefined) fed += 1000;
      expect(fed).toBeWithin(MAX_LINE - 2000, MAX_LINE + 1);
    }
    expect(outcomeOf([Buffer.alloc(100_000_000, "2")]).violation).toBeString();
  });

  test("buffered counts what is not yet an event", () => {
    const decoder = new ReplyDecoder();
    decoder.push(Buffer.from(`150 size=${BLOCK_SIZE}\n+${BLOCK_SIZE} ${D}\nabc`));
    expect(decoder.buffered).toBeGreaterThan(40);
    decoder.next();
    expect(decoder.buffered).toBe(`+${BLOCK_SIZE} ${D}\nabc`.length);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.buffered).toBe(0);
  });
});
