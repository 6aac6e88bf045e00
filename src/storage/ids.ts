const ID_BYTES = 16;

/** An id that nobody else has: 32 hex digits. */
export function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(ID_BYTES))).toString("hex");
}
