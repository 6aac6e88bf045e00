import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BLOCK_SIZE } from "../../src/protocol/limits.ts";
import { Rate, Rates } from "../../src/server/rates.ts";

describe("Rate", () => {
  test("lets one second's worth pass at once, then no more than its bytes a second", () => {
    const rate = new Rate(1000);
    expect(rate.take(1000, 0)).toBe(0);
    expect(rate.take(500, 0)).toBe(500);
    expect(rate.take(500, 0)).toBe(1000);
    // Half a second later half of that has been paid for.
    expect(rate.take(0, 500)).toBe(500);
    expect(rate.take(1000, 60_000)).toBe(0);
  });

  test("never more than burst and rate allow, whoever takes how much and when", () => {
    const steps = fc.array(fc.record({ after: fc.nat(3000), bytes: fc.nat(300_000) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), steps, (bytesPerSecond, all) => {
        const rate = new Rate(bytesPerSecond);
        let now = 0;
        let moved = 0;
        for (const { after, bytes } of all) {
          now += after;
          moved += bytes;
          const movedAt = now + rate.take(bytes, now);
          const allowed = (bytesPerSecond * (movedAt + 1000)) / 1000;
          expect(moved).toBeLessThanOrEqual(allowed * (1 + 1e-9) + 1e-6);
        }
      }),
    );
  });
});

describe("small files pass a rate together", () => {
  test("all that it lets pass at once, and then no more than soon", () => {
    const rate = new Rate(1000);
    // A second's worth at once, and a quarter of one later.
    expect(rate.portion([500, 500, 250, 1], 0, 0)).toBe(3);
    rate.take(1_001_000, 0);
    // However long the first has to wait, for others it waits no longer.
    expect(rate.portion([500, 250, 1], 0, 0)).toBe(2);
    expect(rate.portion([500, 250, 1, 1], 2, 0)).toBe(4);
    expect(rate.portion([500, 251], 0, 0)).toBe(1);
    expect(rate.portion([0], 0, 0)).toBe(1);
  });

  test("no more than a block of a large file", () => {
    const rate = new Rate(10 ** 9);
    const sizes = Array.from({ length: 64 }, () => 16 * 1024);
    expect(rate.portion(sizes, 0, 0)).toBe(16);
    expect(rate.portion(sizes, 60, 0)).toBe(64);
    expect(rate.portion([BLOCK_SIZE + 1, 1], 0, 0)).toBe(1);
  });

  test("without waiting only where nobody waits", () => {
    const rate = new Rate(1000);
    expect(rate.takeNow(1001, 0)).toBe(false);
    expect(rate.takeNow(600, 0)).toBe(true);
    expect(rate.takeNow(600, 0)).toBe(false);
    expect(rate.take(400, 0)).toBe(0);
    expect(rate.takeNow(1, 0)).toBe(false);
  });
});

describe("Rates", () => {
  test("a user has one for all connections, and a new connection does not renew it", () => {
    const rates = new Rates(1000);
    const one = rates.enter("anna");
    expect(rates.enter("anna")).toBe(one);
    expect(rates.enter("bert")).not.toBe(one);
    one.take(5000, 0);
    rates.leave(one);
    rates.leave(one);
    rates.forget(4999);
    expect(rates.enter("anna")).toBe(one);
    rates.leave(one);
    rates.forget(6000);
    expect(rates.enter("anna")).not.toBe(one);
  });
});
