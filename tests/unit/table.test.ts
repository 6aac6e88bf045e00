import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { comparePaths, formatListing } from "../../src/shell/listing.ts";
import { plain } from "../../src/shell/text.ts";
import { alignRows, inColumns, pad } from "../../src/shell/table.ts";

/** Text without blanks at its ends, narrow and wide. */
const word = fc
  .string({ unit: fc.constantFrom("a", "b", "-", "é", "e\u0301", "日", "🎉", "ﬀ"), minLength: 1 })
  .filter((text) => text.trim() === text);

describe("pad()", () => {
  test.each([
    ["ab", 4, "left", "ab  "],
    ["ab", 4, "right", "  ab"],
    ["日本", 5, "left", "日本 "],
    ["🎉", 3, "right", " 🎉"],
    ["too long", 3, "left", "too long"],
    ["", 2, "left", "  "],
  ] as const)("fills %j up to %d columns", (text, width, align, padded) => {
    expect(pad(text, width, align)).toBe(padded);
  });
});

describe("alignRows()", () => {
  test("puts columns below each other, whatever their characters' width", () => {
    const rows = [["1 B", "日本語", "x"], ["47.1 KiB", "a", "y"], ["-"]];
    expect(alignRows(rows, ["right", "left", "left"])).toEqual([
      "     1 B  日本語  x",
      "47.1 KiB  a       y",
      "       -",
    ]);
  });

  test("begins each column at the same place in every row, for any cells", () => {
    const row = fc.tuple(word, word, word);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const lines = alignRows(rows, ["left", "right", "left"]);
        const lasts = rows.map(([, , last], index) => {
          expect(lines[index]?.endsWith(last)).toBe(true);
          return Bun.stringWidth(lines[index] ?? "") - Bun.stringWidth(last);
        });
        expect(new Set(lasts).size).toBe(1);
      }),
    );
  });
});

describe("inColumns()", () => {
  test("goes downwards, and uses the width that there is", () => {
    const texts = ["a", "b", "c", "d", "e"];
    expect(inColumns(texts, 80)).toEqual(["a  b  c  d  e"]);
    expect(inColumns(texts, 7)).toEqual(["a  c  e", "b  d"]);
    expect(inColumns(texts, 1)).toEqual(texts);
    expect(inColumns([], 80)).toEqual([]);
  });

  test("holds every text once and fits, unless a single one does not, for any texts", () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 60 }),
        fc.integer({ min: 1, max: 100 }),
        (texts, width) => {
          const lines = inColumns(texts, width);
          expect(lines.flatMap((line) => line.split(/ {2,}/)).toSorted()).toEqual(texts.toSorted());
          const widest = Math.max(width, ...texts.map((text) => Bun.stringWidth(text)));
          for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(widest);
        },
      ),
    );
  });

  test("comes to an end soon, for many texts of which one is long", () => {
    const texts = [...Array.from({ length: 200_000 }, (_, i) => `f${i}`), "x".repeat(200)];
    expect(inColumns(texts, 120)).toHaveLength(200_001);
  });
});

describe("comparePaths()", () => {
  test("puts folders right before what they hold", () => {
    const sorted = ["a", "a/b", "a/b/c", "a/z", "a-b", "a.txt", "b"];
    expect(sorted.toReversed().toSorted(comparePaths)).toEqual(sorted);
  });

  test("is an order, for any paths", () => {
    const path = fc
      .array(fc.string({ minLength: 1, maxLength: 2 }), { minLength: 1 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(path, path, path, (a, b, c) => {
        expect(Math.sign(comparePaths(a, b))).toBe(-Math.sign(comparePaths(b, a)) + 0);
        expect(comparePaths(a, b) === 0).toBe(a === b);
        if (comparePaths(a, b) < 0 && comparePaths(b, c) < 0) {
          expect(comparePaths(a, c)).toBeLessThan(0);
        }
      }),
    );
  });
});

describe("formatListing()", () => {
  test("has one line an entry where no terminal reads it, for any names", () => {
    const name = fc.string({ unit: "binary", minLength: 1 });
    const item = { type: "file", size: 1, mtime: 0, exec: false } as const;
    fc.assert(
      fc.property(fc.array(name), fc.boolean(), (names, long) => {
        const entries = names.map((name) => ({ name, ...item }));
        const text = plain(formatListing(entries, { long, width: undefined }));
        expect(text.split("\n")).toHaveLength(
          Math.max(2, names.length + 1) - (names.length === 0 ? 1 : 0),
        );
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
