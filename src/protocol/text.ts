/**
 * How text stands on the wire: RFC 3986's unreserved characters, `/` and `,` as they are, all else
 * percent-encoded as UTF-8.
 */

const NOT_ENCODED_BY_RUNTIME = /[!'()*]/g;
const LEFT_RAW = /%2[FC]/g;
const NEEDS_NONE = /^[A-Za-z0-9\-._~/,]*$/;

/**
 * Encodes a value for the wire.
 * @throws {URIError} for text with a lone surrogate, which has no UTF-8.
 */
export function encodeText(text: string): string {
  // As good as every value: to encode it costs ten times as much as this look.
  if (NEEDS_NONE.test(text)) return text;
  return encodeURIComponent(text)
    .replace(NOT_ENCODED_BY_RUNTIME, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(LEFT_RAW, (escape) => (escape === "%2F" ? "/" : ","));
}

/** Decodes the escapes of a value once; `undefined` where they are not valid UTF-8. */
export function decodeText(encoded: string): string | undefined {
  if (!encoded.includes("%")) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/**
 * Reads a plain decimal from 0 to 2^53-1: no sign, no leading zero, no exponent. `undefined` for
 * anything else, so that no number is ever rounded.
 */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

const DIGEST = /^[0-9a-f]{16}$/;

/** Reads a digest of 16 lower-case hex digits; `undefined` for anything else. */
export function parseDigest(text: string): bigint | undefined {
  return DIGEST.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** Writes a digest as 16 lower-case hex digits. */
export function formatDigest(digest: bigint): string {
  return digest.toString(16).padStart(16, "0");
}
