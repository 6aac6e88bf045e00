import { describe, expect, test } from "bun:test";
import { MIN_PART, MOST_BYTES, MOST_PARTS, partSize } from "../../../src/storage/s3/part-size.ts";

/** Parts that a file of this size goes by. */
function partsOf(size: number, isKnown: boolean): number {
  let left = size;
  let parts = 0;
  while (left > 0 && parts <= MOST_PARTS) {
    left -= partSize(parts++, isKnown ? left : undefined);
  }
  return parts;
}

describe("partSize()", () => {
  test.each([true, false])(
    "lets 10,000 parts hold the largest object (size known: %p)",
    (known) => {
      for (const size of [1, MIN_PART, 80_000 * 1024 * 1024, MOST_BYTES]) {
        expect(partsOf(size, known)).toBeLessThanOrEqual(MOST_PARTS);
      }
    },
  );

  test("is never below the least, and the least for what is not large", () => {
    for (const left of [undefined, 0, 1, MIN_PART, 1024 ** 4]) {
      expect(partSize(0, left)).toBeGreaterThanOrEqual(MIN_PART);
    }
    expect(partSize(0, 1024 ** 3)).toBe(MIN_PART);
    expect(partSize(0, undefined)).toBe(MIN_PART);
  });
});
