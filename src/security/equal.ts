/** Whether two values are the same, in a time that tells only whether their lengths are. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && crypto.timingSafeEqual(one, other);
}
