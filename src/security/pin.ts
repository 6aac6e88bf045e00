import type { X509Certificate } from "node:crypto";
import { equal } from "./equal.ts";

const PIN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The pin of a public key: the base64url SHA-256 of its DER SubjectPublicKeyInfo, 43 characters. It
 * names the key, not the certificate, which may be made anew.
 */
export function pinOf(spki: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(spki).digest("base64url");
}

/** The pin of the key in a certificate. */
export function pinOfCertificate(certificate: X509Certificate): string {
  return pinOf(certificate.publicKey.export({ type: "spki", format: "der" }));
}

/** Reads a pin; `undefined` for anything that `pinOf` never gives. */
export function parsePin(text: string): string | undefined {
  if (!PIN.test(text)) return undefined;
  return Buffer.from(text, "base64url").toString("base64url") === text ? text : undefined;
}

/** Whether two pins are the same, in a time that does not tell how much of them is. */
export function samePin(one: string, other: string): boolean {
  return equal(Buffer.from(one), Buffer.from(other));
}
