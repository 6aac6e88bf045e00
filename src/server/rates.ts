import { BLOCK_SIZE } from "../protocol/limits.ts";

/** Whoever waits for a rate looks so often whether that is still wanted, in milliseconds. */
const LOOK_MS = 250;
/** How much of a rate may be used at once by whoever was quiet, in milliseconds of it. */
const BURST_MS = 1000;
/** So long a small file may wait for others, to pass together, in milliseconds. */
const TOGETHER_MS = 250;

/** What one user may send and receive, on all connections together. */
export class Rate {
  readonly #bytesPerMs: number;
  /** Until when everything that was taken has been paid for, of `performance.now()`. */
  #paidAt = -Infinity;
  users = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /**
   * Takes a share for bytes that are to be moved. Whoever asks first goes first.
   * @returns how long to wait before they are moved, in milliseconds
   */
  take(bytes: number, now = performance.now()): number {
    this.#paidAt = this.#paidWith(bytes, now);
    return Math.max(0, this.#paidAt - now);
  }

  /**
   * Takes a share where the bytes may be moved at once, and nobody waits.
   * @returns whether it was taken
   */
  takeNow(bytes: number, now = performance.now()): boolean {
    const paidAt = this.#paidWith(bytes, now);
    if (paidAt > now) return false;
    this.#paidAt = paidAt;
    return true;
  }

  /**
   * How many small files are best passed together, one at least. They are no more bytes than a block
   * of a large file, which others of the user wait for as well, and none waits long for the others.
   * @param sizes bytes of each
   * @param from the place of the first
   * @returns the place behind the last
   */
  portion(sizes: readonly number[], from: number, now = performance.now()): number {
    let bytes = sizes[from] ?? 0;
    const latest = Math.max(now, this.#paidWith(bytes, now)) + TOGETHER_MS;
    for (let to = from + 1; to < sizes.length; to++) {
      bytes += sizes[to] ?? 0;
      if (bytes > BLOCK_SIZE || this.#paidWith(bytes, now) > latest) return to;
    }
    return sizes.length;
  }

  /**
   * Waits until bytes may be moved.
   * @param mind called now and then meanwhile: throws where nobody wants them any more
   */
  async pass(bytes: number, mind: () => void): Promise<void> {
    const until = performance.now() + this.take(bytes);
    for (let now = performance.now(); now < until; now = performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(until - now, LOOK_MS)));
      mind();
    }
  }

  /** Until when all would have been paid for, if so many bytes more were taken. */
  #paidWith(bytes: number, now: number): number {
    return Math.max(this.#paidAt, now - BURST_MS) + bytes / this.#bytesPerMs;
  }

  /** Whether it is as good as a new one. */
  isRested(now: number): boolean {
    return this.#paidAt <= now - BURST_MS;
  }
}

/** A rate for each user; it outlasts connections, so that a new one gains nothing. */
export class Rates {
  readonly #bytesPerSecond: number;
  readonly #rates = new Map<string, Rate>();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** The rate of a user. Needs one `leave`. */
  enter(user: string): Rate {
    const rate = this.#rates.get(user) ?? new Rate(this.#bytesPerSecond);
    this.#rates.set(user, rate);
    rate.users++;
    return rate;
  }

  /** A connection of the user is closed. */
  leave(rate: Rate): void {
    rate.users--;
  }

  /** Forgets those that nobody uses. To be called now and then. */
  forget(now = performance.now()): void {
    for (const [user, rate] of this.#rates) {
      if (rate.users === 0 && rate.isRested(now)) this.#rates.delete(user);
    }
  }
}
