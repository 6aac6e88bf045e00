import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { visible } from "../../src/observe/visible.ts";

/** Nobody sees it, and no name needs it, at least not where it stands alone. */
function isInvisible(code: number): boolean {
  return /\p{Default_Ignorable_Code_Point}/u.test(String.fromCodePoint(code));
}

/** All that a terminal, a log or a reader's eye could be led astray with, code by code. */
function isDangerous(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0x061c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    isInvisible(code) ||
    (code >= 0xd800 && code <= 0xdfff)
  );
}

describe("visible()", () => {
  test.each([
    ["\x1b[2J", "\\x1b[2J"],
    ["a\nb\r\tc", "a\\x0ab\\x0d\\x09c"],
    ["\0\x7f\x9b", "\\x00\\x7f\\x9b"],
    ["gpj.\u202eexe", "gpj.\\u202eexe"],
    ["\u2028\u2029\u2066\u2069\u200f\u061c", "\\u2028\\u2029\\u2066\\u2069\\u200f\\u061c"],
    ["a\ud800b", "a\\ud800b"],
    ["a\u200bb\u2060\ufeff\u00ad", "a\\u200bb\\u2060\\ufeff\\xad"],
    ["re\u200dport\u200c", "re\\u200dport\\u200c"],
    ["a\ufe0f1\ufe0f", "a\\ufe0f1\\ufe0f"],
    ["\u3164\u{e0061}x", "\\u3164\\u{e0061}x"],
  ])("writes %j as %s", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each([
    "",
    "report 2.pdf",
    "é🙂👩‍👩‍👧日本語",
    "عربي",
    "a\\x1b",
    "~%'\"",
    "\u00a0",
    "❤️ 1️⃣",
    "می\u200cخواهم",
  ])("leaves %j alone", (text) => {
    expect(visible(text)).toBe(text);
  });

  test("replaces each dangerous character, and no other", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const character = String.fromCharCode(code);
      const shown = visible(character);
      if ((shown === character) === isDangerous(code))
        throw new Error(`U+${code.toString(16)}: ${shown}`);
    }
  });

  test("lets no dangerous character through, for any text, and is content with what it gave", () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.constantFrom("\x1b", "\x9b", "\u202e", "\ud83d", "\ude42", "a"),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const shown = visible(text);
        for (const character of shown) {
          const code = character.codePointAt(0) ?? 0;
          // These have places where they belong.
          const belongs = [0x200c, 0x200d, 0xfe0e, 0xfe0f].includes(code);
          expect(isDangerous(code) && !belongs).toBe(false);
        }
        expect(visible(shown)).toBe(shown);
      }),
      { numRuns: 500 },
    );
  });
});
