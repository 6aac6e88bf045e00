import { describe, expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import * as fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../../src/security/base64.ts";
import { parsePin, pinOf, pinOfCertificate, samePin } from "../../../src/security/pin.ts";
import { selfSigned } from "./openssl.ts";

describe("a pin", () => {
  test("is the base64url SHA-256 of the key, of 43 characters, and reads back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (key) => {
        const pin = pinOf(key);
        expect(pin).toBe(createHash("sha256").update(key).digest("base64url"));
        expect(pin).toHaveLength(43);
        expect(parsePin(pin)).toBe(pin);
        expect(samePin(pin, pin)).toBe(true);
      }),
    );
  });

  test("of a certificate is what OpenSSL says of its key", async () => {
    const { cert, pin } = await selfSigned();
    expect(pinOfCertificate(new X509Certificate(cert))).toBe(pin);
  });

  test("has one spelling, and nothing else is one", () => {
    const pin = pinOf(new Uint8Array(3));
    // The last character holds four bits of the digest, and two that have to be 0.
    const unused = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const other = unused.charAt(unused.indexOf(pin.charAt(42)) + 1);
    for (const text of [
      "",
      pin.slice(1),
      `${pin}=`,
      `${pin}A`,
      ` ${pin}`,
      `${pin}\n`,
      pin.slice(0, 42) + other,
      `${pin.slice(0, 42)}+`,
      `${pin.slice(0, 42)}é`,
    ]) {
      expect(parsePin(text)).toBeUndefined();
      expect(samePin(pin, text)).toBe(false);
    }
    expect(parsePin("A".repeat(43))).toBe("A".repeat(43));
  });
});

describe("decodeBase64()", () => {
  test("reads what encodeBase64() wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test("knows one spelling of each value", () => {
    const alphabet = fc.constantFrom(..."ABCDQgwZ019+/-_=\n ");
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 8 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
    for (const text of ["A", "AA", "AA=", "AB==", "AAB=", "AA==AA==", "=", "A===", "AA\n=="])
      expect(decodeBase64(text)).toBeUndefined();
  });
});
