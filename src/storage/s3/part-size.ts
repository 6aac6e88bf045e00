const MIB = 1024 * 1024;
/** The least that a part has, in bytes. The last may have less. */
export const MIN_PART = 8 * MIB;
/** Parts that an object may have. */
export const MOST_PARTS = 10_000;
/** The largest object, in bytes. */
export const MOST_BYTES = 5 * 1024 * 1024 * MIB;
/** After so many parts of an unknown size the next are larger by the least: 10,000 hold 5 TiB. */
const GROW_AFTER = 75;

/**
 * Bytes of a part, whole MiB, so that as many as an object may have suffice.
 * @param number of the part, from 0 on
 * @param left bytes that are still to come, where that is known
 */
export function partSize(number: number, left: number | undefined): number {
  if (left === undefined) return MIN_PART * (1 + Math.floor(number / GROW_AFTER));
  const parts = Math.max(1, MOST_PARTS - number);
  return Math.max(MIN_PART, Math.ceil(left / parts / MIB) * MIB);
}
