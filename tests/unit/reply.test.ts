import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  CODES,
  type Failure,
  type FailureCode,
  type SuccessCode,
} from "../../src/protocol/codes.ts";
import { MAX_LINE } from "../../src/protocol/limits.ts";
import { formatFailure, formatSuccess, parseReply } from "../../src/protocol/reply.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";

const FAILURES: readonly Failure[] = [
  { code: 421, word: "busy" },
  { code: 421, word: "idle" },
  { code: 421, word: "closing" },
  { code: 426, word: "aborted" },
  { code: 426, word: "taken" },
  { code: 450, word: "changed" },
  { code: 451, word: "failed" },
  { code: 452, word: "space" },
  { code: 500, word: "syntax" },
  { code: 501, word: "argument" },
  { code: 530, word: "login" },
  { code: 550, word: "not-found" },
  { code: 551, word: "mismatch" },
  { code: 552, word: "quota" },
  { code: 553, word: "name" },
  { code: 553, word: "denied" },
  { code: 553, word: "exists" },
  { code: 553, word: "not-a-file" },
  { code: 553, word: "not-empty" },
];

const SUCCESSES: readonly SuccessCode[] = [110, 150, 200, 213, 220, 221, 225, 226, 230, 250, 334];

const fieldName = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);

describe("CODES", () => {
  test("are those that the protocol names, each with its words", () => {
    const codes: number[] = [...SUCCESSES, ...FAILURES.map(({ code }) => code)];
    expect(new Set(codes)).toEqual(new Set(Object.keys(CODES).map(Number)));
    for (const code of SUCCESSES) expect(CODES[code].words).toEqual([]);
    const words = (code: FailureCode): string[] =>
      FAILURES.filter((failure) => failure.code === code).map(({ word }) => word);
    for (const { code } of FAILURES)
      expect<readonly string[]>(CODES[code].words).toEqual(words(code));
  });
});

describe("formatSuccess()", () => {
  test("writes code and fields, and leaves out what is undefined or false", () => {
    const fields = { size: 5, exec: true, prefix: undefined, other: false, name: "a b", none: "" };
    expect(formatSuccess(213, fields)).toBe("213 size=5 exec=1 name=a%20b none=\n");
    expect(formatSuccess(200)).toBe("200\n");
  });

  test("gives what parseReply() reads as the same, for any fields", () => {
    const value = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.maxSafeNat());
    fc.assert(
      fc.property(
        fc.constantFrom(...SUCCESSES),
        fc.dictionary(fieldName, value, { noNullPrototype: true }),
        (code, fields) => {
          const line = formatSuccess(code, fields);
          expect(line).toMatch(/^[ -~]*\n$/);
          const expected = Object.entries(fields).map(
            ([key, value]) => [key, String(value)] as const,
          );
          const reply = parseReply(line.slice(0, -1));
          expect(reply).toEqual({ ok: true, code, fields: new Map(expected) });
        },
      ),
    );
  });
});

describe("formatFailure()", () => {
  test("gives what parseReply() reads as the same when the message is printable ASCII", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FAILURES),
        fc.string({ unit: "grapheme-ascii" }),
        (failure, message) => {
          const line = formatFailure(failure, message);
          expect(parseReply(line.slice(0, -1))).toEqual({ ok: false, ...failure, message });
        },
      ),
    );
  });

  test("gives one line of printable ASCII within the limit when the message is anything", () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const message = fc.oneof(
      fc.string({ unit }),
      fc.tuple(fc.string({ unit, minLength: 1 }), fc.nat(6000)).map(([text, n]) => text.repeat(n)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...FAILURES), message, (failure, message) => {
        const line = formatFailure(failure, message);
        expect(/^[ -~]*\n$/.test(line)).toBe(true);
        expect(line.length).toBeLessThanOrEqual(MAX_LINE);
        expect(parseReply(line.slice(0, -1))).toMatchObject({ ok: false, ...failure });
      }),
    );
  });

  test("percent-encodes what is not printable", () => {
    const failure = { code: 550, word: "not-found" } as const;
    expect(formatFailure(failure, "no é\n\x1b[1m\x7f🙂\ud800")).toBe(
      "550 not-found no %C3%A9%0A%1B[1m%7F%F0%9F%99%82%EF%BF%BD\n",
    );
  });
});

describe("parseReply()", () => {
  test("keeps codes, words and fields that it does not know", () => {
    expect(parseReply("199 x=1")).toEqual({ ok: true, code: 199, fields: new Map([["x", "1"]]) });
    expect(parseReply("599 odd-word")).toEqual({
      ok: false,
      code: 599,
      word: "odd-word",
      message: "",
    });
  });

  test("keeps a message as it was sent, blanks included", () => {
    expect(parseReply("550 not-found  two  blanks ")).toMatchObject({ message: " two  blanks " });
  });

  test.each([
    "",
    "2",
    "22",
    "2200",
    "099 a=1",
    "600 word",
    "999",
    "220a",
    "-220",
    "220-",
    "+5",
    "~",
    "END",
    "HTTP/1.1 400 Bad Request",
    "SSH-2.0-OpenSSH_9.6",
    "220 ",
    "220  a=1",
    "220 a=1 ",
    "220 a",
    "220 Service ready",
    "220 a=1 a=1",
    "220 a=%FF",
    "220 a=%",
    "220 A=1",
    "220 =1",
    "550",
    "550 ",
    "550  x",
    "550 Not found",
    "550 1",
    "550 not_found x",
    "220 a=é",
  ])("throws ProtocolViolation for %j", (line) => {
    expect(() => parseReply(line)).toThrow(ProtocolViolation);
  });
});
