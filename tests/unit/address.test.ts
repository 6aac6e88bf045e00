import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BadAddress, formatAddress, parseAddress, parsePort } from "../../src/client/address.ts";
import { isLoopback } from "../../src/security/ip.ts";

/** Of the empty key: the last character has two bits that mean nothing, and have to be 0. */
const PIN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

const NO_PORTS = [
  "",
  " ",
  "-1",
  "+1",
  "65536",
  "99999",
  "100000",
  "1e3",
  "0x50",
  "80.0",
  " 80",
  "80 ",
  "80\n",
  "abc",
  "８０",
  "9007199254740993",
];

describe("parsePort()", () => {
  test.each<[string, number]>([
    ["1", 1],
    ["80", 80],
    ["12000", 12_000],
    ["65535", 65_535],
  ])("reads %s", (text, port) => {
    expect(parsePort(text)).toBe(port);
    expect(parsePort(text, { zero: true })).toBe(port);
  });

  test.each(NO_PORTS)("refuses %j", (text) => {
    expect(() => parsePort(text)).toThrow(BadAddress);
    expect(() => parsePort(text, { zero: true })).toThrow(BadAddress);
  });

  test("takes 0 only where it is allowed", () => {
    expect(parsePort("0", { zero: true })).toBe(0);
    expect(() => parsePort("0")).toThrow(BadAddress);
    expect(() => parsePort("0", { zero: false })).toThrow(BadAddress);
  });

  test("says what was wrong and what to give", () => {
    expect(() => parsePort("http")).toThrow("http is no port: give a number from 1 to 65535");
    expect(() => parsePort("", { zero: true })).toThrow(
      "The port is missing: give a number from 0",
    );
  });
});

describe("parseAddress()", () => {
  test.each<[string, string, number]>([
    ["12000", "127.0.0.1", 12_000],
    ["localhost:80", "localhost", 80],
    ["192.168.0.7:12000", "192.168.0.7", 12_000],
    ["files.example.org:1", "files.example.org", 1],
    ["[::1]:12000", "::1", 12_000],
    ["[fe80::1:2]:65535", "fe80::1:2", 65_535],
    ["[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80],
  ])("reads %s", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  test.each([
    "",
    ":",
    ":80",
    "host",
    "host:",
    "host:0",
    "host:65536",
    "host:80x",
    "host:80:90",
    "::1:80",
    "::1",
    "[::1]",
    "[::1]80",
    "[::1]:",
    "[]:80",
    "[host]:80",
    "[::1:80",
    "::1]:80",
    "ho st:80",
    "host :80",
    "host: 80",
    "host:80 ",
    "0",
    "65536",
    "-1",
    "host:-1",
    "sftp://host:80",
    "@b:80",
    "a b@c:80",
    "a@b@c:80",
    "a:b@c:80",
    "-a@b:80",
    "host:80#",
    "host:80#pin",
    `host:80#${PIN}x`,
    `host:80#${PIN.slice(1)}`,
    `host:80#${PIN.slice(0, -1)}B`,
    `80#${PIN}`,
    "a@80",
    "[::1]:80\n",
    "a\n:80",
  ])("refuses %j", (text) => {
    expect(() => parseAddress(text)).toThrow(BadAddress);
  });

  test.each<[string, object]>([
    [`host:80#${PIN}`, { host: "host", port: 80, pin: PIN }],
    [`anna@host:80#${PIN}`, { host: "host", port: 80, user: "anna", pin: PIN }],
    ["anna.b-c_1@[::1]:80", { host: "::1", port: 80, user: "anna.b-c_1" }],
    [`[::1]:80#${PIN}`, { host: "::1", port: 80, pin: PIN }],
    ["localhost@host:80", { host: "host", port: 80, user: "localhost" }],
  ])("reads the user and the PIN of %s", (text, target) => {
    expect(parseAddress(text)).toMatchObject(target);
  });

  test("reads what formatAddress() writes as the same", () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  test("gives an address or throws BadAddress, for any text", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom("[", "]", ":", "1", "a", "@", "#", ".") }),
    );
    fc.assert(
      fc.property(text, (text) => {
        try {
          const { host, port } = parseAddress(text);
          expect(host).not.toBeEmpty();
          expect(port).toBeWithin(1, 65_536);
        } catch (error) {
          if (!(error instanceof BadAddress)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("isLoopback()", () => {
  test.each(["127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "localhost", "LocalHost"])(
    "takes %s for this machine",
    (host) => expect(isLoopback(host)).toBe(true),
  );

  test.each([
    "0.0.0.0",
    "::",
    "127.0.0.1.example.com",
    "128.0.0.1",
    "127.0.0.256",
    "127.1",
    "1127.0.0.1",
    "localhost.example.com",
    "::2",
    "::ffff:127.0.0.1",
    "",
  ])("takes %j for somebody else", (host) => expect(isLoopback(host)).toBe(false));
});
