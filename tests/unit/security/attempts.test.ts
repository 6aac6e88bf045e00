import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Attempts } from "../../../src/security/attempts.ts";

const MINUTE = 60_000;

/** A table with a clock that the test moves. */
function tableAt(capacity?: number): { readonly table: Attempts; pass: (ms: number) => void } {
  let time = 1000;
  const now = (): number => time;
  const table = new Attempts(capacity === undefined ? { now } : { now, capacity });
  return { table, pass: (ms) => (time += ms) };
}

function failTimes(table: Attempts, address: string, times: number): void {
  for (let i = 0; i < times; i++) table.failed(address);
}

describe("Attempts", () => {
  test("slows an address that keeps on, more and more up to a bound", () => {
    const { table, pass } = tableAt();
    const delays = Array.from({ length: 12 }, () => {
      const delay = table.delayFor("192.0.2.1");
      pass(delay);
      table.failed("192.0.2.1");
      return delay;
    });
    expect(delays).toEqual([0, 0, 0, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
    expect(table.delayFor("192.0.2.2")).toBe(0);
  });

  test("keeps those waiting one behind the other who try many at once", () => {
    const { table } = tableAt();
    failTimes(table, "192.0.2.1", 5);
    const delays = Array.from({ length: 4 }, () => table.delayFor("192.0.2.1"));
    expect(delays).toEqual([2000, 4000, 6000, 8000]);
  });

  test("gives no places away beyond a minute", () => {
    const { table, pass } = tableAt();
    failTimes(table, "192.0.2.1", 20);
    for (let i = 0; i < 1000; i++) table.delayFor("192.0.2.1");
    expect(table.delayFor("192.0.2.1")).toBe(75_000);
    pass(MINUTE);
    expect(table.delayFor("192.0.2.1")).toBe(15_000);
  });

  test("forgets in time, half of it every five minutes", () => {
    const { table, pass } = tableAt();
    failTimes(table, "192.0.2.1", 8);
    pass(5 * MINUTE - 1);
    expect(table.delayFor("192.0.2.1")).toBe(15_000);
    pass(MINUTE);
    expect(table.delayFor("192.0.2.1")).toBe(1000);
    pass(5 * MINUTE);
    expect(table.delayFor("192.0.2.1")).toBe(0);
  });

  test("a right login makes the wrong ones good, but not each time", () => {
    const { table, pass } = tableAt();
    failTimes(table, "192.0.2.1", 5);
    table.succeeded("192.0.2.1");
    expect(table.delayFor("192.0.2.1")).toBe(0);
    // Somebody with an account who guesses at another's in between.
    for (let i = 0; i < 4; i++) {
      table.failed("192.0.2.1");
      table.succeeded("192.0.2.1");
    }
    expect(table.delayFor("192.0.2.1")).toBe(1000);
    pass(15 * MINUTE);
    failTimes(table, "192.0.2.1", 4);
    table.succeeded("192.0.2.1");
    expect(table.delayFor("192.0.2.1")).toBe(0);
  });

  test("remembers nothing of those who never fail", () => {
    const { table } = tableAt();
    for (let i = 0; i < 100; i++) {
      table.delayFor(`192.0.2.${i}`);
      table.succeeded(`192.0.2.${i}`);
    }
    expect(table.size).toBe(0);
  });

  test("takes an IPv6 customer for one, and IPv4 that came as IPv6 for itself", () => {
    const { table } = tableAt();
    for (let i = 0; i < 4; i++) table.failed(`2001:db8:1:2::${i}`);
    expect(table.delayFor("2001:db8:1:2:ffff:ffff:ffff:ffff")).toBe(1000);
    expect(table.delayFor("2001:db8:1:3::")).toBe(0);
    for (let i = 0; i < 4; i++) table.failed("::ffff:192.0.2.1");
    expect(table.delayFor("192.0.2.1")).toBe(1000);
    expect(table.delayFor("::ffff:192.0.2.2")).toBe(0);
    expect(table.size).toBe(2);
  });

  test("never holds more than it may", () => {
    const address = fc.tuple(fc.nat(3), fc.nat(255)).map(([a, b]) => `10.0.${a}.${b}`);
    fc.assert(
      fc.property(fc.array(address, { maxLength: 200 }), (addresses) => {
        const { table } = tableAt(8);
        for (const one of addresses) {
          table.failed(one);
          expect(table.size).toBeLessThanOrEqual(8);
          expect(table.delayFor(one)).toBeGreaterThanOrEqual(0);
        }
        expect(table.size).toBe(Math.min(8, new Set(addresses).size));
      }),
    );
  });

  test("is not made to forget an attacker by a flood of other addresses", () => {
    const { table, pass } = tableAt(64);
    failTimes(table, "192.0.2.1", 6);
    for (let i = 0; i < 5000; i++) {
      failTimes(table, `10.0.${i >> 8}.${i & 255}`, 5);
      pass(1);
    }
    expect(table.size).toBe(64);
    expect(table.delayFor("192.0.2.1")).toBe(4000);
    // Of those with as many, the one whose last is longest ago goes.
    expect(table.delayFor("10.0.0.0")).toBe(0);
    expect(table.delayFor(`10.0.${4999 >> 8}.${4999 & 255}`)).toBe(2000);
  });
});
