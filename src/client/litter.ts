/** So many entries are gone through before what they left in memory is collected. */
const ENTRIES = 25_000;

let passed = 0;

/**
 * An entry of a listing was gone through: what was made of it on the way may be garbage now. By
 * itself the runtime lets that grow until it is as much as all that is needed. Where there are few
 * entries this does nothing.
 */
export function passedEntry(): void {
  if (++passed < ENTRIES) return;
  passed = 0;
  Bun.gc(true);
}
