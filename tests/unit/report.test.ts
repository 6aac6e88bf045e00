import { expect, test } from "bun:test";
import { rateOf } from "../../src/shell/report.ts";

test.each([
  [8, 0.3, ""],
  [64 * 1024 - 1, 1, ""],
  [64 * 1024, 1, " (64.0 KiB/s)"],
  [64 * 1024, 0.1, " (640.0 KiB/s)"],
  [1024 ** 3, 0.099, ""],
  [1024 ** 3, 2, " (512.0 MiB/s)"],
  [0, 10, ""],
  [-1, 10, ""],
])("the rate of %d bytes in %d s is told as %j", (bytes, seconds, told) => {
  expect(rateOf(bytes, seconds)).toBe(told);
});
