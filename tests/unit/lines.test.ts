import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseFields, parseLine } from "../../src/protocol/line.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";

describe("parseLine()", () => {
  test("gives verb, path and fields, all but the verb as they were sent", () => {
    expect(parseLine("put a%20b/c,d~.-_ size=5 mtime=%31 x-1=")).toEqual({
      verb: "PUT",
      path: "a%20b/c,d~.-_",
      fields: [
        ["size", "5"],
        ["mtime", "%31"],
        ["x-1", ""],
      ],
    });
  });

  test("gives no path when the first word behind the verb is a field", () => {
    expect(parseLine("LIST recursive=1")).toEqual({
      verb: "LIST",
      path: undefined,
      fields: [["recursive", "1"]],
    });
    expect(parseLine("QUIT")).toEqual({ verb: "QUIT", path: undefined, fields: [] });
  });

  test("keeps a key that is repeated, for others to judge", () => {
    expect(parseLine("GET a b=1 b=2").fields).toEqual([
      ["b", "1"],
      ["b", "2"],
    ]);
  });

  test.each([
    "",
    " ",
    " GET a",
    "GET ",
    "GET  a",
    "GET a ",
    "GET\ta",
    "GET /a",
    "GET //h/s",
    "GET /",
    "GET ..\\x",
    "GET C:\\x",
    "GET C:x",
    "GET a b",
    "GET a b c=d",
    "GET a=b c",
    "GET a%",
    "GET a%2",
    "GET a%zz",
    "GET a%2g",
    "GET %u0041",
    "GET a+b",
    "GET a*",
    "GET a?b",
    "GET a;DELETE",
    "GET é",
    "GET a\0",
    "GET a size",
    "GET a Size=1",
    "GET a 1size=1",
    "GET a =1",
    "GET a size==1",
    "GET a size=+1",
    "GET a size=%",
    "GET a size=a b",
    "GET a __proto__=1",
    "GET / HTTP/1.1",
    "GET /x HTTP/1.1",
    "POST / HTTP/1.1",
    "Host: localhost",
    "GET1 a",
    "GET-IT a",
    "+5",
    "~",
    "ABCDEFGHIJKLMNOPQ",
    "GET a\nDELETE b",
    "GET a\n",
  ])("refuses %j", (text) => {
    expect(() => parseLine(text)).toThrow(ProtocolViolation);
  });

  test("allows a verb of 16 letters", () => {
    expect(parseLine("ABCDEFGHIJKLMNOP").verb).toBe("ABCDEFGHIJKLMNOP");
  });

  test("gives a line or throws ProtocolViolation when the text is anything", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.constantFrom("GET", " ", "a", "=", "%", "%41", "/", "é", "\n"))
        .map((a) => a.join("")),
    );
    fc.assert(
      fc.property(text, (text) => {
        try {
          const { verb, path, fields } = parseLine(text);
          const words = [verb, ...(path === undefined ? [] : [path])];
          for (const [key, value] of fields) words.push(`${key}=${value}`);
          expect(words.join(" ").toLowerCase()).toBe(text.toLowerCase());
        } catch (error) {
          if (!(error instanceof ProtocolViolation)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("parseFields()", () => {
  test("gives the fields in order, values still encoded", () => {
    expect(parseFields(["b=%41", "a="])).toEqual([
      ["b", "%41"],
      ["a", ""],
    ]);
    expect(parseFields([])).toEqual([]);
  });

  test.each(["", "a", "=1", "A=1", "a=é", "a=%4", "a= ", "a=1\n"])("refuses %j", (word) => {
    expect(() => parseFields([word])).toThrow(ProtocolViolation);
  });
});
