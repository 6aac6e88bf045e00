import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { PackedPaths } from "../../src/shell/many/packed-paths.ts";
import { PackedTexts } from "../../src/shell/many/packed-texts.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  // Longer than a piece, and than what is looked for at first.
  fc.constantFrom("x".repeat(300_000), "y".repeat(5000), "", "é"),
);

test("PackedTexts finds what was added, under its owner alone, and gives it back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), text), { maxLength: 300 }), (added) => {
      const packed = new PackedTexts();
      const numbers = new Map<string, number>();
      for (const [owner, one] of added) {
        const key = JSON.stringify([owner, one]);
        expect(packed.find(owner, one)).toBe(numbers.get(key));
        const number = packed.add(owner, one);
        expect(number).toBe(numbers.get(key) ?? numbers.size);
        numbers.set(key, number);
      }
      expect(packed.size).toBe(numbers.size);
      for (const [owner, one] of added) {
        const number = numbers.get(JSON.stringify([owner, one])) ?? -1;
        expect(packed.find(owner, one)).toBe(number);
        expect(packed.at(number)).toEqual({ owner, text: one });
        expect(packed.find(3, one)).toBeUndefined();
      }
    }),
  );
});

test("PackedPaths tells paths apart by all of their parts", () => {
  const part = fc.constantFrom("a", "b", "ab", "é", "e\u0301");
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.array(path), fc.array(path), (added, others) => {
      const packed = new PackedPaths();
      const numbers = added.map((one) => packed.add(one));
      expect(numbers.map((number) => packed.at(number))).toEqual(added);
      for (const one of [...others, ...added]) expect(packed.has(one)).toBe(added.includes(one));
      expect(packed.size).toBe(new Set(added).size);
    }),
  );
});
