import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  folded,
  inOneSpelling,
  isAnywhere,
  mayBeShort,
  otherSpellings,
  whyNotEverywhere,
} from "../../../src/platform/names.ts";

describe("whyNotEverywhere()", () => {
  test.each([
    "con",
    "NUL.txt",
    "com1",
    "LPT³.log",
    "aux .c",
    "CONIN$",
    "a\\b",
    "C:",
    "file:stream",
    "dot.",
    "space ",
    "bell\u0007",
    "u\u0308",
  ])("%j cannot be a file's name on every system", (name) => {
    expect(whyNotEverywhere(name)).toBeString();
  });

  test.each(["console", "com", "com10", "nulls.txt", ".config", "a b", "ü", "日本", "a.b.c", "~"])(
    "%j can",
    (name) => {
      expect(whyNotEverywhere(name)).toBeUndefined();
    },
  );
});

test("every other spelling of a name is folded to the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const composed = name.normalize("NFC");
      for (const other of otherSpellings(composed)) {
        expect(other).not.toBe(composed);
      }
      expect(folded(composed.normalize("NFD"))).toBe(folded(composed));
    }),
  );
  expect(folded("README")).toBe(folded("readme"));
  expect(otherSpellings("readme")).toEqual(["README"]);
  expect(otherSpellings("ü")).toEqual(["Ü", "u\u0308"]);
  expect(otherSpellings("12")).toEqual([]);
});

test.each([".SFTP-Staging", ".sftp-staging. .", ".sftp\uFF0Dstaging"])(
  "%s is .sftp-staging on some system",
  (name) => {
    expect(isAnywhere(name, ".sftp-staging")).toBe(true);
    expect(isAnywhere(`${name}s`, ".sftp-staging")).toBe(false);
  },
);

test("what any system takes for the same path has one spelling", () => {
  for (const [one, other] of [
    ["d/README", "D/ReadMe"],
    ["caf\u00e9", "CAFE\u0301"],
    ["stra\u00dfe", "STRASSE"],
    ["\u1e9e", "\u00df"],
    ["\u03b1\u03c2", "\u0391\u03a3"],
    ["a\u200bb/c", "ab/C"],
    ["dot.", "DOT"],
    ["\uff21", "a"],
    ["\u212a", "k"],
  ] as const) {
    expect(inOneSpelling(one.split("/"))).toBe(inOneSpelling(other.split("/")));
  }
  expect(inOneSpelling(["a", "b"])).not.toBe(inOneSpelling(["a", "c"]));
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      for (const other of [...otherSpellings(name), folded(name)]) {
        expect(inOneSpelling([other])).toBe(inOneSpelling([name]));
      }
    }),
  );
});

test.each([
  ["PROGRA~1", true],
  ["a~2.txt", true],
  ["~", false],
  ["a~b", false],
])("whether %s may be a second name", (name, may) => {
  expect(mayBeShort(name)).toBe(may);
});
