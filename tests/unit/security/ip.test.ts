import { describe, expect, test } from "bun:test";
import { isIPv6 } from "node:net";
import * as fc from "fast-check";
import { canonicalIpv6, networkOf, parseIpv4, parseIpv6 } from "../../../src/security/ip.ts";

describe("parseIpv6()", () => {
  test("reads all groups back, whichever of them are left out", () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.nat(8), fc.nat(8), fc.boolean(), (groups, one, other, dotted) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const zeroed = groups.map((group, i) => (i >= from && i < to ? 0 : group));
        const [high = 0, low = 0] = zeroed.slice(6);
        const hex = zeroed.map((group) => group.toString(16));
        const ipv4 = [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
        const pieces = dotted && to <= 6 ? [...hex.slice(0, 6), ipv4] : hex;
        const short =
          from === to
            ? pieces.join(":")
            : `${pieces.slice(0, from).join(":")}::${pieces.slice(to).join(":")}`;
        expect(parseIpv6(short)).toEqual(zeroed);
        expect(parseIpv6(short.toUpperCase())).toEqual(zeroed);
        expect(canonicalIpv6(short)).toBe(hex.join(":"));
      }),
      { numRuns: 500 },
    );
  });

  test("reads what the system reads, and refuses what it refuses", () => {
    const text = fc.string({ unit: fc.constantFrom(..."::0fF1.g2"), maxLength: 24 });
    const nearly = fc
      .tuple(fc.ipV6(), fc.nat(), fc.constantFrom(":", "", "f", ".", "g"))
      .map(([text, at, by]) => {
        const place = at % text.length;
        return text.slice(0, place) + by + text.slice(place + 1);
      });
    fc.assert(
      fc.property(fc.oneof(text, nearly), (text) => {
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text));
      }),
      { numRuns: 3000 },
    );
  });

  test("passes over a zone", () => {
    expect(parseIpv6("fe80::1%eth0")).toEqual([0xfe80, 0, 0, 0, 0, 0, 0, 1]);
    expect(parseIpv6("fe80::1%a%b")).toBeUndefined();
  });
});

describe("parseIpv4()", () => {
  test("reads four decimals up to 255", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(parseIpv4(text)?.join(".")).toBe(text);
      }),
    );
    for (const text of ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4 ", "1.2.3.04", "a.b.c.d"])
      expect(parseIpv4(text)).toBeUndefined();
  });
});

describe("networkOf()", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["neither", "neither"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
