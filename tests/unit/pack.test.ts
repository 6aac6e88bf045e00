import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatPackHead, parsePackHead } from "../../src/protocol/pack.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";

const anyFile = fc.record({ size: fc.maxSafeNat(), mtime: fc.maxSafeNat(), exec: fc.boolean() });

describe("the line that begins a pack", () => {
  test("is read as it was written, whatever is in the pack and what is not", () => {
    const some = fc.array(fc.option(anyFile, { nil: undefined }), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(some, (files) => {
        const line = formatPackHead(files);
        expect(line).toMatch(/^[ -~]*\n$/);
        expect(parsePackHead(line.slice(0, -1))).toEqual(files);
      }),
    );
  });

  test("tells of each file its size and time, and whether its owner may execute it", () => {
    const files = [
      { size: 5, mtime: 7, exec: false },
      undefined,
      { size: 0, mtime: 8, exec: true },
    ];
    expect(formatPackHead(files)).toBe("5 7,-,0 8 exec\n");
  });

  test.each([
    "",
    "5",
    "5 7,",
    ",-",
    "-5 7",
    "05 7",
    "5 7.5",
    "5 7 x",
    "5 7 exec x",
    "5  7",
    "5 7 ",
  ])("is not %j", (line) => {
    expect(() => parsePackHead(line)).toThrow(ProtocolViolation);
  });

  test("is read or refused, whatever it holds", () => {
    const anyLine = fc.string({ unit: fc.constantFrom(..."0123456789 ,-exec") });
    fc.assert(
      fc.property(anyLine, (line) => {
        try {
          for (const file of parsePackHead(line)) {
            if (file !== undefined) expect(Number.isSafeInteger(file.size + 0)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolViolation);
        }
      }),
    );
  });
});
