import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BadPath, decodePath, encodePath } from "../../src/protocol/path.ts";

/** A part that the wire can carry: well-formed Unicode without slash or NUL. */
const part = fc
  .string({ unit: "binary", minLength: 1, maxLength: 30 })
  .map((text) => text.replaceAll(/[/\0]/g, "_"));

describe("decodePath()", () => {
  test("gives back what encodePath() was given, for any path that fits", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (path) => {
        expect(decodePath(encodePath(path))).toEqual(path);
      }),
    );
  });

  test("splits before it decodes, and decodes once", () => {
    expect(decodePath("a%20b/c%252Fd/%252e%252e")).toEqual(["a b", "c%2Fd", "%2e%2e"]);
  });

  test("leaves dots and empty parts for the storage to judge", () => {
    expect(decodePath("../%2e%2E/./x")).toEqual(["..", "..", ".", "x"]);
    expect(decodePath("a//b/")).toEqual(["a", "", "b", ""]);
    expect(decodePath("..%5Cx")).toEqual(["..\\x"]);
  });

  test.each([
    "%2Fx",
    "%2f",
    "..%2fx",
    "a/b%2Fc",
    "a%2f..%2f..%2fx",
    "%00",
    "a%00b",
    "a/%00",
    "%C0%AF",
    "%ED%A0%80",
    "a/%FF/b",
    "%C0%80",
  ])("throws BadPath for %s", (encoded) => {
    expect(() => decodePath(encoded)).toThrow(BadPath);
  });

  test("throws BadPath when a part has more than 255 bytes, decoded", () => {
    expect(decodePath("a".repeat(255))).toEqual(["a".repeat(255)]);
    expect(() => decodePath("a".repeat(256))).toThrow(BadPath);
    expect(decodePath("%61".repeat(255))).toEqual(["a".repeat(255)]);
    expect(decodePath(encodePath(["é".repeat(127)]))).toEqual(["é".repeat(127)]);
    expect(() => decodePath(encodePath(["é".repeat(128)]))).toThrow(BadPath);
  });

  test("throws BadPath when the whole has more than 1,024 bytes, decoded, slashes included", () => {
    const fits = ["a", "b", "c", "d"].map((letter) => letter.repeat(255)).join("/");
    expect(decodePath(`${fits}/`)).toHaveLength(5);
    expect(() => decodePath(`${fits}/e`)).toThrow(BadPath);
    expect(() => decodePath("a/".repeat(4000))).toThrow(BadPath);
    expect(() => decodePath("/".repeat(1025))).toThrow(BadPath);
  });
});

describe("encodePath()", () => {
  test("writes parts between slashes", () => {
    expect(encodePath(["a b", "c=d"])).toBe("a%20b/c%3Dd");
    expect(encodePath([])).toBe("");
  });
});
