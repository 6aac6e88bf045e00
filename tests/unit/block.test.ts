import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  anyBlocks,
  fileBlocks,
  frameBlock,
  MAX_BLOCK_HEADER,
  parseBlockHeader,
} from "../../src/protocol/block.ts";
import { BLOCK_SIZE } from "../../src/protocol/limits.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";

const DIGEST = "9f86d081884c7d65";

describe("parseBlockHeader()", () => {
  test("reads a length with and without digest", () => {
    expect(parseBlockHeader(`+5 ${DIGEST}`)).toEqual({ length: 5, digest: BigInt(`0x${DIGEST}`) });
    expect(parseBlockHeader("+262144")).toEqual({ length: BLOCK_SIZE, digest: undefined });
    expect(parseBlockHeader("+1")).toEqual({ length: 1, digest: undefined });
  });

  test.each([
    "+",
    "+0",
    "+00",
    "+05",
    "+-1",
    "++1",
    "+1e3",
    "+0x1",
    "+1.0",
    "+ 5",
    "+262145",
    "+999999999999",
    "+9007199254740993",
    "+18446744073709551617",
    `+${"9".repeat(5000)}`,
    "+5 ",
    `+5  ${DIGEST}`,
    `+5 ${DIGEST.toUpperCase()}`,
    `+5 ${DIGEST}0`,
    `+5 ${DIGEST} `,
    `+5 ${DIGEST} x`,
    "+5 0",
    `+ ${DIGEST}`,
  ])("refuses %j", (line) => {
    expect(() => parseBlockHeader(line)).toThrow(ProtocolViolation);
  });
});

describe("frameBlock()", () => {
  test("puts a header that parseBlockHeader() reads right before the bytes, in the same memory", () => {
    const lengths = fc.oneof(fc.integer({ min: 1, max: BLOCK_SIZE }), fc.constant(BLOCK_SIZE));
    const digests = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const buffer = Buffer.alloc(MAX_BLOCK_HEADER + BLOCK_SIZE, "x");
    fc.assert(
      fc.property(lengths, digests, (length, digest) => {
        const framed = frameBlock(buffer, length, digest);
        const end = framed.indexOf(0x0a);
        const header = Buffer.from(framed.subarray(0, end)).toString("latin1");
        expect(parseBlockHeader(header)).toEqual({ length, digest });
        expect(framed.length).toBe(end + 1 + length);
        expect(framed.buffer).toBe(buffer.buffer);
        expect(framed.byteOffset + end + 1).toBe(buffer.byteOffset + MAX_BLOCK_HEADER);
      }),
    );
  });
});

describe("fileBlocks()", () => {
  test("takes exactly the blocks of a file when its size is known", () => {
    fc.assert(
      fc.property(fc.nat(4 * BLOCK_SIZE), (size) => {
        const rule = fileBlocks(size);
        let left = size;
        while (left > 0) {
          const length = Math.min(BLOCK_SIZE, left);
          rule.accept(length);
          left -= length;
        }
        expect(() => rule.accept(1)).toThrow(ProtocolViolation);
        expect(() => rule.accept(BLOCK_SIZE)).toThrow(ProtocolViolation);
      }),
    );
  });

  test.each([
    ["shorter than the file", 5, 4],
    ["longer than the file", 5, 6],
    ["short before the last", BLOCK_SIZE + 1, BLOCK_SIZE - 1],
    ["for an empty file", 0, 1],
    ["whole where less is left", BLOCK_SIZE - 1, BLOCK_SIZE],
    ["of what is left in all", 2 ** 53 - 1, 1],
  ])("refuses a block that is %s", (_, size, length) => {
    expect(() => fileBlocks(size).accept(length)).toThrow(ProtocolViolation);
  });

  test("takes whole blocks and then one shorter when the size is not known", () => {
    const rule = fileBlocks(undefined);
    rule.accept(BLOCK_SIZE);
    rule.accept(BLOCK_SIZE);
    rule.accept(1);
    expect(() => rule.accept(1)).toThrow(ProtocolViolation);
    expect(() => rule.accept(BLOCK_SIZE)).toThrow(ProtocolViolation);
  });
});

describe("anyBlocks", () => {
  test("accept() takes blocks of any length in any order", () => {
    for (const length of [1, BLOCK_SIZE, 5, 5])
      expect(() => anyBlocks.accept(length)).not.toThrow();
  });
});
