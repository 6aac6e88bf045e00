import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BadToml, readToml, type Entry } from "../../src/cli/toml.ts";

/** What readToml() makes of a text: its entries, or the line of what is wrong. */
function outcome(text: string): readonly Entry[] | number {
  try {
    return readToml(text);
  } catch (error) {
    if (error instanceof BadToml) return error.line;
    throw error;
  }
}

/** A piece of a document: its text, and the keys with the lines, from 0 on, that begin in it. */
interface Piece {
  readonly text: string;
  readonly keys?: readonly (readonly [key: string, line: number])[];
}

/** Lines that look like keys, which they are not within a text of several lines. */
const decoy = fc.array(fc.constantFrom("port = 1", "[serve]", "# no", "", "x = '", "\\\\", "'''"), {
  maxLength: 4,
});

/** Pieces that hold the key `NAME`, to be replaced by one that occurs once. */
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.constantFrom<Piece>(
    { text: "" },
    { text: "   " },
    { text: "# NAME = 1" },
    { text: "\t# [x]" },
  ),
  fc
    .constantFrom(
      `1`,
      `"a # b"`,
      `'c = "'`,
      `"\\u00e9\\n[x]"`,
      `true # NAME = 2`,
      `[1, 2]`,
      `1979-05-27`,
    )
    .chain((value) =>
      fc
        .constantFrom("NAME", "  NAME", '"NAME"', "'NAME'")
        .map((key): Piece => ({ text: `${key} = ${value}`, keys: [["NAME", 0]] })),
    ),
  decoy.map((lines): Piece => {
    const text = lines.filter((line) => line !== "'''").join("\n");
    return { text: `NAME = """\n${text}"""`, keys: [["NAME", 0]] };
  }),
  decoy.map((lines): Piece => {
    const text = lines.filter((line) => !line.includes("'")).join("\n");
    return { text: `NAME = '''${text}'''`, keys: [["NAME", 0]] };
  }),
  fc.constant<Piece>({ text: "NAME = [\n  1, # ]\n\n  2,\n]", keys: [["NAME", 0]] }),
  fc.constant<Piece>({ text: "[NAME]", keys: [["NAME", 0]] }),
  fc.constant<Piece>({
    text: "[ NAME ]\n# c\nin.NAME = 0",
    keys: [
      ["NAME", 0],
      ["NAME.in.NAME", 2],
    ],
  }),
);

describe("readToml()", () => {
  test("gives each key with its kind, its value and its line", () => {
    const text = `
      [serve]            # 2
      port = 12_000
      min-rate = "64K"
      grace = 0.5
      durable = true

      [servers.lab]      # 8
      address = '''
1'''
      at = 1979-05-27
      tags = ["a"]
      [servers]          # 13
      home = { address = "2", x.y = 0x10 }
      a."b.c".d = -1`;
    expect(readToml(text)).toEqual([
      { keys: ["serve"], value: { kind: "table" }, line: 2 },
      { keys: ["serve", "port"], value: { kind: "number", text: "12000" }, line: 3 },
      { keys: ["serve", "min-rate"], value: { kind: "text", text: "64K" }, line: 4 },
      { keys: ["serve", "grace"], value: { kind: "number", text: "0.5" }, line: 5 },
      { keys: ["serve", "durable"], value: { kind: "switch", on: true }, line: 6 },
      { keys: ["servers", "lab"], value: { kind: "table" }, line: 8 },
      { keys: ["servers", "lab", "address"], value: { kind: "text", text: "1" }, line: 9 },
      { keys: ["servers", "lab", "at"], value: { kind: "date" }, line: 11 },
      { keys: ["servers", "lab", "tags"], value: { kind: "list" }, line: 12 },
      { keys: ["servers"], value: { kind: "table" }, line: 13 },
      { keys: ["servers", "home"], value: { kind: "table" }, line: 14 },
      { keys: ["servers", "home", "address"], value: { kind: "text", text: "2" }, line: 14 },
      { keys: ["servers", "home", "x", "y"], value: { kind: "number", text: "16" }, line: 14 },
      { keys: ["servers", "a", "b.c", "d"], value: { kind: "number", text: "-1" }, line: 15 },
    ]);
  });

  test("takes a list of tables for a list, and does not look into it", () => {
    expect(readToml("[[a]]\nb = 1\n[a.c]\nd = 1\n[[a]]")).toEqual([
      { keys: ["a"], value: { kind: "list" }, line: 1 },
      { keys: ["a"], value: { kind: "list" }, line: 5 },
    ]);
  });

  test("keeps numbers exact that no double holds, and takes a byte order mark and CR LF", () => {
    expect(readToml("\ufeff\r\na = 9007199254740993\r\n")).toEqual([
      { keys: ["a"], value: { kind: "number", text: "9007199254740993" }, line: 2 },
    ]);
  });

  test.each<[string, number]>([
    ["a = 1\nb = \n", 2],
    ["a = 1\n\nb c\n", 3],
    ["\n\na = hello", 3],
    ['a = 1\nb = "x\nc = 1', 2],
    ["a = 1\nb = 2\na = 3", 3],
    ["[a]\nb = 1\n[a]", 3],
    ["a = 1\n[a.b]", 2],
    ["a = 1 b = 2", 1],
    ["[a\nb = 1", 1],
    ["a = '\u0000'", 1],
    ["a = [1,\r\n2\r\n\r\n", 2],
    ["a = { b = 1\n\n\n", 1],
    ["a =\n\nb = 1", 1],
    ["[x]\na\n= 1", 2],
  ])("names the line of what is wrong in %j", (text, line) => {
    expect(outcome(text)).toBe(line);
  });

  test("names the line of every key, whatever texts, comments and lists stand between", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n"),
        (pieces, eol) => {
          const lines: string[] = [];
          const expected: [string, number][] = [];
          let table = "";
          pieces.forEach(({ text, keys = [] }, index) => {
            const name = `k${index}`;
            const at = lines.length + 1;
            if (text.startsWith("[")) table = "";
            for (const [key, line] of keys) {
              expected.push([`${table}${key.replaceAll("NAME", name)}`, at + line]);
            }
            if (text.startsWith("[")) table = `${name}.`;
            lines.push(...text.replaceAll("NAME", name).split("\n"));
          });
          const found = readToml(lines.join(eol));
          expect(found.map(({ keys, line }) => [keys.join("."), line])).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("reads any text, or names a line of it", () => {
    const bits = fc.constantFrom(
      "a",
      "=",
      "[",
      "]",
      "{",
      "}",
      '"',
      "'",
      "\n",
      ",",
      ".",
      "1",
      "#",
      "\\",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(bits, { maxLength: 40 }).map((all) => all.join("")),
      fc
        .array(
          fc.oneof(
            bits,
            fc.constantFrom('"""', "'''", "0x", "1e", "\\u", "true", "-", ":", "T", "_", "\r"),
          ),
        )
        .map((all) => `a = ${all.join("")}`),
    );
    fc.assert(
      fc.property(text, (text) => {
        const made = outcome(text);
        const lines = text.split(/\r\n|[\n\r\u2028\u2029]/).length;
        const told = typeof made === "number" ? [made] : made.map(({ line }) => line);
        for (const line of told) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
