/** Bytes that may arrive before the memory of what was used is taken back. */
const COLLECT_AFTER = 16 * 1024 * 1024;

let uncollected = 0;

/**
 * Counts what arrives, over all connections. Each piece is memory of its own, and the runtime by
 * itself lets twice as much of it pile up as a program may grow by; asked for, it takes it back in
 * about a millisecond.
 */
export function arrived(bytes: number): void {
  uncollected += bytes;
  if (uncollected < COLLECT_AFTER) return;
  uncollected = 0;
  Bun.gc(true);
}
