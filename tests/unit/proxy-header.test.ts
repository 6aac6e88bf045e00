import { describe, expect, test } from "bun:test";
import { Proxies } from "../../src/transport/proxies.ts";
import { NotIntroduced, ProxyHeader, type Introduction } from "../../src/transport/proxy-header.ts";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function v2(kind: number, family: number, body: Uint8Array): Buffer {
  const head = Buffer.from([kind, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, head, body]);
}

/** Reads it in the pieces that it asks for; also what is left behind it. */
function read(bytes: Buffer): { readonly said: Introduction; readonly rest: string } {
  const header = new ProxyHeader();
  let at = 0;
  while (header.wanted > 0) {
    if (at + header.wanted > bytes.length) throw new Error("it wants more than there is");
    const { wanted } = header;
    header.push(bytes.subarray(at, at + wanted));
    at += wanted;
  }
  return { said: header.said, rest: bytes.subarray(at).toString("latin1") };
}

const IPV4 = Buffer.from([192, 0, 2, 7, 10, 0, 0, 1, 0xdc, 0x04, 0x2e, 0xe0]);
const IPV6 = Buffer.concat([
  Buffer.from("20010db8000000000000000000000007", "hex"),
  Buffer.alloc(16),
  Buffer.from([0x04, 0x00, 0x2e, 0xe0]),
]);

describe("ProxyHeader", () => {
  test.each<[string, Buffer, Introduction]>([
    [
      "version 1 over IPv4",
      Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 56324 12000\r\n"),
      { address: "192.0.2.7", port: 56_324 },
    ],
    [
      "version 1 over IPv6",
      Buffer.from("PROXY TCP6 2001:DB8:0::7 ::1 1024 12000\r\n"),
      { address: "2001:db8::7", port: 1024 },
    ],
    ["version 1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), "itself"],
    ["version 2 over IPv4", v2(0x21, 0x11, IPV4), { address: "192.0.2.7", port: 56_324 }],
    [
      "version 2 with more behind",
      v2(0x21, 0x11, Buffer.concat([IPV4, Buffer.alloc(40, 1)])),
      { address: "192.0.2.7", port: 56_324 },
    ],
    ["version 2 over IPv6", v2(0x21, 0x21, IPV6), { address: "2001:db8::7", port: 1024 }],
    ["version 2, a health check", v2(0x20, 0, Buffer.alloc(0)), "itself"],
    ["version 2 over a socket of Unix", v2(0x21, 0x31, Buffer.alloc(216)), "itself"],
  ])("reads %s, and not a byte more", (_what, bytes, expected) => {
    const { said, rest } = read(Buffer.concat([bytes, Buffer.from("LIST\n")]));
    expect(said).toEqual(expected);
    expect(rest).toBe("LIST\n");
  });

  test.each<[string, Buffer]>([
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["one of ours", Buffer.from("LIST recursive=1\n\n\n\n")],
    ["a TLS hello", Buffer.from("16030100c8010000c40303aabbccdd", "hex")],
    ["no line end", Buffer.from(`PROXY TCP4 ${"1".repeat(200)}`)],
    ["a bare line end", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 5 6\n")],
    ["half an address", Buffer.from("PROXY TCP4 192.0.2 10.0.0.1 5 6\r\n")],
    ["an address of the other kind", Buffer.from("PROXY TCP6 192.0.2.7 ::1 5 6\r\n")],
    ["a bad port", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 65536 12000\r\n")],
    ["version 3", v2(0x31, 0x11, IPV4)],
    ["addresses that are cut", v2(0x21, 0x21, IPV4)],
    ["too much behind", v2(0x21, 0x11, Buffer.alloc(5000))],
  ])("refuses %s", (_what, bytes) => {
    expect(() => read(bytes)).toThrow(NotIntroduced);
  });
});

describe("Proxies", () => {
  test("include addresses and networks, of both kinds, and no others", () => {
    const proxies = new Proxies(["10.0.0.5", "192.168.0.0/16", "2001:db8::/32"]);
    for (const address of ["10.0.0.5", "::ffff:10.0.0.5", "192.168.7.1", "2001:db8::7"]) {
      expect(proxies.include(address)).toBe(true);
    }
    for (const address of ["10.0.0.6", "192.169.0.1", "2001:db9::1", "::1", ""]) {
      expect(proxies.include(address)).toBe(false);
    }
  });

  test.each(["", "all", "10.0.0.0/33", "10.0.0", "10.0.0.0/8/8", "::/x"])("are not %j", (from) => {
    expect(() => new Proxies([from])).toThrow(RangeError);
  });
});
