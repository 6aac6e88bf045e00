import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatSeconds, formatSize } from "../../src/observe/units.ts";

describe("formatSize()", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [900, "900 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [48_211, "47.1 KiB"],
    [999 * 1024, "999.0 KiB"],
    [1000 * 1024, "1.0 MiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [1024 ** 2, "1.0 MiB"],
    [262_144, "256.0 KiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
    [1024 ** 4, "1.0 TiB"],
    [2 ** 53 - 1, "8.0 PiB"],
  ])("writes %d as %s", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test("writes at most four digits, and within a twentieth of the size, for any size", () => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    const sizes = fc.nat(53).chain((bits) => fc.maxSafeNat().map((n) => n % 2 ** bits));
    fc.assert(
      fc.property(sizes, (bytes) => {
        const [, number, unit = ""] =
          /^(\d{1,4}|\d{1,3}\.\d) ([KMGTP]?i?B)$/.exec(formatSize(bytes)) ?? [];
        const written = Number(number) * 1024 ** units.indexOf(unit);
        expect(Math.abs(written - bytes)).toBeLessThanOrEqual(bytes / 20);
      }),
    );
  });
});

describe("formatSeconds()", () => {
  test.each([
    [0, "0 ms"],
    [0.0001, "1 ms"],
    [0.004, "4 ms"],
    [0.0099, "10 ms"],
    [0.01, "0.01 s"],
    [0.02, "0.02 s"],
    [9.99, "9.99 s"],
    [9.996, "10.0 s"],
    [12.34, "12.3 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 0 s"],
    [119.7, "2 min 0 s"],
    [200, "3 min 20 s"],
    [3599.6, "60 min 0 s"],
  ])("writes %d as %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
