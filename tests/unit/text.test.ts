import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  decodeText,
  encodeText,
  formatDigest,
  parseDecimal,
  parseDigest,
} from "../../src/protocol/text.ts";

/** Any well-formed Unicode. */
const unicode = fc.string({ unit: "binary", maxLength: 60 });

describe("encodeText()", () => {
  test("leaves unreserved characters, the slash and the comma alone", () => {
    const plain = "ABCXYZabcxyz0189-._~/,";
    expect(encodeText(plain)).toBe(plain);
  });

  test("encodes every other ASCII character as %XX", () => {
    for (let code = 0; code < 0x80; code++) {
      const character = String.fromCharCode(code);
      if (/[A-Za-z0-9\-._~/,]/.test(character)) continue;
      const hex = code.toString(16).toUpperCase().padStart(2, "0");
      expect(encodeText(character)).toBe(`%${hex}`);
    }
  });

  test("encodes the UTF-8 of what is not ASCII", () => {
    expect(encodeText("é🙂")).toBe("%C3%A9%F0%9F%99%82");
  });

  test("throws URIError when a surrogate stands alone", () => {
    expect(() => encodeText("a\ud800")).toThrow(URIError);
  });

  test("gives what the grammar allows and what decodeText() turns back, for any Unicode", () => {
    fc.assert(
      fc.property(unicode, (text) => {
        const encoded = encodeText(text);
        expect(encoded).toMatch(/^(?:[A-Za-z0-9\-._~/,]|%[0-9A-F]{2})*$/);
        expect(decodeText(encoded)).toBe(text);
      }),
    );
  });
});

describe("decodeText()", () => {
  test("decodes escapes in either case, and only once", () => {
    expect(decodeText("%c3%A9")).toBe("é");
    expect(decodeText("%252e%252E%252f")).toBe("%2e%2E%2f");
    expect(decodeText("%25")).toBe("%");
  });

  test.each([
    ["a continuation byte alone", "%80"],
    ["a sequence that is cut short", "%C3"],
    ["a sequence that is broken off", "%C3a"],
    ["an overlong slash of 2 bytes", "%C0%AF"],
    ["an overlong slash of 3 bytes", "%E0%80%AF"],
    ["an overlong slash of 4 bytes", "%F0%80%80%AF"],
    ["an overlong NUL", "%C0%80"],
    ["an encoded surrogate", "%ED%A0%80"],
    ["an encoded pair of surrogates", "%ED%A0%BD%ED%B9%82"],
    ["a code point over 10FFFF", "%F4%90%80%80"],
    ["a byte that UTF-8 never has", "%FF"],
  ])("gives undefined for %s", (_, encoded) => {
    expect(decodeText(encoded)).toBeUndefined();
    expect(decodeText(`a/${encoded}/b`)).toBeUndefined();
  });

  test("agrees with a strict UTF-8 decoder on any bytes", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (bytes) => {
        const encoded = bytes.reduce((all, b) => `${all}%${b.toString(16).padStart(2, "0")}`, "");
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expected = undefined;
        }
        expect(decodeText(encoded)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe("parseDecimal()", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["10", 10],
    ["262144", 262_144],
    ["2147483648", 2 ** 31],
    ["4294967296", 2 ** 32],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("reads %s", (text, value) => {
    expect(parseDecimal(text)).toBe(value);
  });

  test.each([
    "",
    "-0",
    "-1",
    "+1",
    "1e3",
    "1E3",
    "0x1",
    "0b1",
    "01",
    "00",
    "1.0",
    "1.",
    ".5",
    " 1",
    "1 ",
    "1\n",
    "1_000",
    "1n",
    "NaN",
    "Infinity",
    "١",
    "１",
    "9007199254740992",
    "9007199254740993",
    "9999999999999999",
    "10000000000000000",
    "9223372036854775808",
    "18446744073709551616",
    "9".repeat(5000),
    `0${"0".repeat(4999)}`,
  ])("refuses %j", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  test("reads any number in range as it was written", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(parseDecimal(String(value))).toBe(value);
      }),
    );
  });
});

describe("parseDigest()", () => {
  test("reads what formatDigest() writes, 16 digits for any digest", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (digest) => {
        expect(formatDigest(digest)).toMatch(/^[0-9a-f]{16}$/);
        expect(parseDigest(formatDigest(digest))).toBe(digest);
      }),
    );
    expect(formatDigest(0xabcn)).toBe("0000000000000abc");
  });

  test.each([
    "",
    "0",
    "2d06800538d394c",
    "2d06800538d394c20",
    "2D06800538D394C2",
    "0x06800538d394c2",
    "2d06800538d394c\n",
    "2d06800538d394cg",
  ])("refuses %j", (text) => {
    expect(parseDigest(text)).toBeUndefined();
  });
});
