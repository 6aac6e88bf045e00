import { describe, expect, test } from "bun:test";
import { BLOCK_SIZE, MAX_LINE } from "../../src/protocol/limits.ts";
import { RequestDecoder } from "../../src/protocol/request-decoder.ts";
import { decode, type Outcome } from "./conversations.ts";

function outcomeOf(pieces: readonly Uint8Array[]): Outcome {
  return decode(new RequestDecoder(), pieces);
}

function outcomeOfText(...texts: string[]): Outcome {
  return outcomeOf(texts.map((text) => Buffer.from(text)));
}

describe("RequestDecoder", () => {
  test.each([
    ["an HTTP request", "GET / HTTP/1.1\r\nDELETE a\r\n"],
    ["an HTTP request with a path", "GET /x HTTP/1.1\r\nDELETE a\r\n"],
    ["a browser's POST", "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nDELETE a\n"],
    ["a grammatical line with an unknown verb", "HELO a\nDELETE a\n"],
    ["a block", "+5\nhello"],
    ["a keepalive", "~\nDELETE a\n"],
    ["an END", "END\nDELETE a\n"],
    ["an empty line", "\nDELETE a\n"],
  ])(
    "throws at once, and looks at nothing behind it, when the stream begins with %s",
    (_, text) => {
      const { events, violation } = outcomeOfText(text);
      expect(events).toEqual([]);
      expect(violation).toBeString();
    },
  );

  test.each([
    ["a block outside of a body", "NOOP\n", "+5\nhello"],
    ["a keepalive outside of a body", "NOOP\n", "~\n"],
    ["END outside of a body", "NOOP\n", "END\n"],
    ["END twice", "PUT a size=0\nEND\n", "END\n"],
    ["a request in a body", "PUT a\n", "DELETE b\n"],
    ["QUIT in a body", "PUT a\n", "QUIT\n"],
    ["a line that is not grammatical in a body", "PUT a\n", "hello world!\n"],
    ["a block without length", "PUT a\n", "+\n"],
    ["a block of length 0", "PUT a\n", "+0\n"],
    ["a block over the size of a block", "PUT a\n", "+262145\n"],
    ["a block far over the size of a block", "PUT a\n", "+999999999999 "],
    ["a block over the file's size", "PUT a size=4\n", "+5\n"],
    ["a block under the file's size", "PUT a size=6\n", "+5\n"],
    ["a block in an empty file", "PUT a size=0\n", "+1\n"],
    ["a block behind the last", "PUT a size=1\n+1\nx", "+1\n"],
    ["a block behind a short one", "PUT a\n+1\nx", "+1\n"],
    ["a line end behind a block", "PUT a\n+1\nx", "\n"],
  ])("throws at once for %s", (_, before, text) => {
    expect(outcomeOfText(before).violation).toBeUndefined();
    const line = text.includes("\n") ? text : `${text}\n`;
    const expected = { events: outcomeOfText(before).events, violation: expect.any(String) };
    expect(outcomeOfText(before, line)).toEqual(expected);
    expect(outcomeOfText(`${before}${line}hello END\nDELETE c\n`)).toEqual(expected);
  });

  test("goes on behind a request that is rejected, once the first was known", () => {
    const { events, violation } = outcomeOfText("noop\nFOO a\nGET\nLIST a=1\nQUIT\n");
    expect(violation).toBeUndefined();
    expect(events).toMatchObject([
      { type: "request", request: { verb: "NOOP" } },
      { type: "rejected", rejection: { verb: "FOO", failure: { code: 500 } } },
      { type: "rejected", rejection: { verb: "GET", failure: { code: 501 } } },
      { type: "rejected", rejection: { verb: "LIST", failure: { code: 501 } } },
      { type: "request", request: { verb: "QUIT" } },
    ]);
  });

  test("takes the body of a PUT that is rejected, even of the first request", () => {
    const { events, violation } = outcomeOfText(
      "PUT a%00 size=9\n+5\nhello~\n+5\nEND\n\nEND\nNOOP\n",
    );
    expect(violation).toBeUndefined();
    expect(events).toMatchObject([
      { type: "rejected", rejection: { verb: "PUT", failure: { code: 553 } } },
      { type: "block", data: "hello" },
      { type: "keepalive" },
      { type: "block", data: "END\n\n" },
      { type: "end" },
      { type: "request", request: { verb: "NOOP" } },
    ]);
  });

  test("ends the body when its END or ABORT has a bad value", () => {
    for (const line of ["END digest=5", "ABORT drop=2", "END a"]) {
      expect(outcomeOfText(`PUT a\n${line}\nNOOP\n`).events).toMatchObject([
        { type: "request" },
        { type: "end", rejection: { failure: { code: 501 } } },
        { type: "request", request: { verb: "NOOP" } },
      ]);
    }
  });

  test("throws once a line is over the limit, however much would follow", () => {
    for (const start of ["", "NOOP\n", "PUT a\n", "PUT a\n+5"]) {
      const decoder = new RequestDecoder();
      decode(decoder, [Buffer.from(start)]);
      const piece = Buffer.alloc(1000, "5");
      let fed = 0;
      while (fed < 100_000_000 && decode(decoder, [piece]).violation === undefined) fed += 1000;
      expect(fed).toBeWithin(MAX_LINE - 2000, MAX_LINE + 1);
    }
    expect(outcomeOf([Buffer.alloc(100_000_000, "a")]).violation).toBeString();
  });

  test("buffered counts what is not yet an event", () => {
    const decoder = new RequestDecoder();
    decoder.push(Buffer.from(`NOOP\nPUT a\n+${BLOCK_SIZE}\nabc`));
    expect(decoder.next()).toMatchObject({ request: { verb: "NOOP" } });
    expect(decoder.buffered).toBe(`PUT a\n+${BLOCK_SIZE}\nabc`.length);
    expect(decoder.next()).toMatchObject({ request: { verb: "PUT" } });
    expect(decoder.next()).toBeUndefined();
    expect(decoder.buffered).toBe(0);
  });

  test("midway tells what has arrived in part", () => {
    const decoder = new RequestDecoder();
    const midwayAfter = (text: string): string | undefined => {
      decode(decoder, [Buffer.from(text)]);
      return decoder.midway;
    };
    expect(decoder.midway).toBeUndefined();
    expect(midwayAfter("NO")).toBe("line");
    expect(midwayAfter("OP\n")).toBeUndefined();
    expect(midwayAfter("PUT a\n")).toBeUndefined();
    expect(midwayAfter("+3")).toBe("line");
    expect(midwayAfter("\n")).toBe("block");
    expect(midwayAfter("ab")).toBe("block");
    expect(midwayAfter("c")).toBeUndefined();
    expect(midwayAfter("END\n")).toBeUndefined();
  });
});
