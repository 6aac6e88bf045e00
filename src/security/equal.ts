import { timingSafeEqual } from "node:crypto";

/** Whether two values are the same, in a time that tells only whether their lengths are. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
