import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { blockDigest } from "../../src/digest/block.ts";
import { FileDigest } from "../../src/digest/file.ts";
import { formatDigest } from "../../src/protocol/text.ts";

/** The input of XXH3's own test vectors, seed 0: https://github.com/Cyan4973/xxHash, `cli/xsum_sanity_check.c`. */
function vectorInput(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 2_654_435_761n;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(state >> 56n);
    state = (state * 11_400_714_785_074_694_797n) % 2n ** 64n;
  }
  return bytes;
}

describe("blockDigest()", () => {
  test.each([
    [0, "2d06800538d394c2"],
    [1, "c44bdff4074eecdb"],
    [6, "27b56a84cd2d7325"],
    [12, "a713daf0dfbb77e7"],
    [24, "a3fe70bf9d3510eb"],
    [48, "397da259ecba1f11"],
    [80, "bcdefbbb2c47c90a"],
    [195, "cd94217ee362ec3a"],
    [403, "cdeb804d65c6dea4"],
    [512, "617e49599013cb6b"],
    [2048, "dd59e2c3a5f038e0"],
    [2240, "6e73a90539cf2948"],
    [2367, "cb37aeb9e5d361ed"],
  ])("is XXH3-64 with seed 0 when the block has %d bytes", (length, digest) => {
    expect(formatDigest(blockDigest(vectorInput(length)))).toBe(digest);
  });

  test("looks at the bytes of the view alone", () => {
    const bytes = vectorInput(600);
    const view = Buffer.concat([Buffer.from("x"), bytes, Buffer.from("y")]).subarray(1, -1);
    expect(blockDigest(view)).toBe(blockDigest(bytes));
  });

  test("tells a block from one with a bit flipped", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.nat(), (block, at) => {
        const flipped = Uint8Array.from(block);
        const byte = (at >> 3) % block.length;
        flipped[byte] = (block[byte] ?? 0) ^ (1 << (at & 7));
        expect(blockDigest(flipped)).not.toBe(blockDigest(block));
      }),
    );
  });
});

describe("FileDigest", () => {
  const digests = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 80 });

  /** The definition: the digest of all the digests, 8 bytes each, big-endian. */
  function expected(list: readonly bigint[]): bigint {
    return blockDigest(Buffer.from(list.map(formatDigest).join(""), "hex"));
  }

  test("value() is the digest of nothing for an empty file", () => {
    expect(formatDigest(new FileDigest().value())).toBe("2d06800538d394c2");
  });

  test("value() is the digest of the blocks' digests at any time", () => {
    fc.assert(
      fc.property(digests, (list) => {
        const digest = new FileDigest();
        for (const [index, block] of list.entries()) {
          digest.add(block);
          expect(digest.value()).toBe(expected(list.slice(0, index + 1)));
        }
      }),
    );
  });

  test.each([1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4097])(
    "value() is the digest of the blocks' digests when there are %d",
    (count) => {
      const list = Array.from({ length: count }, (_, i) => blockDigest(Buffer.from(String(i))));
      const digest = new FileDigest();
      for (const block of list) digest.add(block);
      expect(digest.value()).toBe(expected(list));
    },
  );

  test("value() depends on the order", () => {
    const [forth, back] = [new FileDigest(), new FileDigest()];
    for (const block of [1n, 2n]) forth.add(block);
    for (const block of [2n, 1n]) back.add(block);
    expect(forth.value()).not.toBe(back.value());
  });

  test("truncate() leaves the digest of the first blocks, to which more can be added", () => {
    fc.assert(
      fc.property(digests, fc.nat(100), digests, (list, blocks, more) => {
        const digest = new FileDigest();
        for (const block of list) digest.add(block);
        digest.truncate(blocks);
        expect(digest.value()).toBe(expected(list.slice(0, blocks)));
        for (const block of more) digest.add(block);
        expect(digest.value()).toBe(expected([...list.slice(0, blocks), ...more]));
      }),
    );
  });
});
