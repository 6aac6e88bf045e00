import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatLocalIso, formatTime } from "../../src/observe/times.ts";

const zone = process.env["TZ"];

/** West and east of Greenwich, half an hour off it, and with another time in summer. */
describe.each([
  ["America/St_Johns", "2026-11-22 13:33", "2026-11-22T13:33:05.120-03:30"],
  ["Europe/Berlin", "2026-11-22 18:03", "2026-11-22T18:03:05.120+01:00"],
  ["Asia/Kathmandu", "2026-11-22 22:48", "2026-11-22T22:48:05.120+05:45"],
  ["UTC", "2026-11-22 17:03", "2026-11-22T17:03:05.120+00:00"],
])("in %s", (name, short, full) => {
  const ms = Date.parse("2026-11-22T17:03:05.120Z");

  beforeAll(() => {
    process.env["TZ"] = name;
  });
  afterAll(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  test("formatTime() tells the minute", () => expect(formatTime(ms)).toBe(short));

  test("formatLocalIso() tells all, and is read as the same time again", () => {
    expect(formatLocalIso(ms)).toBe(full);
    // Zones that had seconds in their offset, a century ago, cannot be written so.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (time) => {
        expect(Date.parse(formatLocalIso(time))).toBe(time);
      }),
    );
  });
});

test.each([8.64e15 + 1, Number.MAX_SAFE_INTEGER])("%d is no time that can be told", (ms) => {
  expect(formatTime(ms)).toBe("?");
  expect(formatLocalIso(ms)).toBe("?");
});
