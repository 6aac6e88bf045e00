import { leftToCollector } from "./collect.ts";

/** Bytes that a lease has for what is moved: a block. */
const CONTENT_BYTES = 262_144;
/** Bytes in front of them, for the block's header. */
export const LEASE_HEADROOM = 64;
/** So many leases wait to be used again at the most: 8 MiB. */
const MOST_FREE = 32;

const free: Buffer[] = [];

/**
 * Memory for a block that is used again and again: to make it for each would cost a page fault and
 * zeroing for each 4 KiB: a GET cost the server 0.76 s/GB of the processor so, and 0.47 with leases.
 *
 * It belongs to whoever holds the lease, alone, until that one calls `release` or hands the lease on.
 * Who never releases it leaves it to the collector: that is slower, and never wrong.
 */
export class Lease {
  /** `LEASE_HEADROOM` bytes, and a block's. What they hold at first is anything. */
  readonly buffer: Buffer;
  #isReleased = false;

  private constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  /** Takes what is free, that which was released last: it may be in the processor's cache. */
  static take(): Lease {
    const used = free.pop();
    if (used !== undefined) return new Lease(used);
    leftToCollector(CONTENT_BYTES);
    return new Lease(Buffer.allocUnsafeSlow(LEASE_HEADROOM + CONTENT_BYTES));
  }

  /** Whether so many bytes are better off in a lease than in memory of their own. */
  static suits(bytes: number): boolean {
    return bytes > CONTENT_BYTES / 4 && bytes <= CONTENT_BYTES;
  }

  /** Lends memory for so many bytes, behind the headroom; `undefined` where it does not suit. */
  static lend(bytes: number): { readonly bytes: Uint8Array; release(): void } | undefined {
    if (!Lease.suits(bytes)) return undefined;
    const lease = Lease.take();
    return {
      bytes: lease.buffer.subarray(LEASE_HEADROOM, LEASE_HEADROOM + bytes),
      release: () => lease.release(),
    };
  }

  /** Gives it back: the bytes are somebody else's from now on. More often does no harm. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (free.length < MOST_FREE) free.push(this.buffer);
  }
}
