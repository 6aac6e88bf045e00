import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
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
