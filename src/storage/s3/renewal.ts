/** What is good until a time, or for ever. */
export interface Expiring {
  readonly expiration?: Date | undefined;
}

/** New ones are asked for so long before the old ones expire, or after half of their life, in ms. */
const AHEAD_MS = 300_000;
/** They are not used any more so long before they expire, or a tenth of their life: a request takes time. */
const MARGIN_MS = 5000;
/** They are not asked for more often than this, whatever comes, in milliseconds. */
const PAUSE_MS = 1000;

/** Two clocks, in milliseconds. */
export interface Clocks {
  /** Counts up by itself, but not while the machine sleeps. */
  readonly steady: () => number;
  /** Since 1970, and anything between where somebody sets it. */
  readonly wall: () => number;
}

const OURS: Clocks = { steady: () => performance.now(), wall: () => Date.now() };

/** What was given, and how long it serves. */
interface Given<T> {
  readonly value: T;
  /** Milliseconds since 1970; `Infinity` for what does not expire. */
  readonly expiry: number;
  /** Until when it is used, of the steady clock. */
  readonly until: number;
  /** So long before its expiry new ones are asked for, and it is used no more; in milliseconds. */
  readonly ahead: number;
  readonly margin: number;
}

/**
 * Has what expires, such as credentials, asked for again before it does, while the old ones still
 * serve. Only where these have expired does anybody wait. New ones that have expired already, by the
 * clock of this machine, are used as well: it is the store that judges. The wall clock tells nothing but how far
 * an expiry is, and each clock alone is enough to ask again: one that is set right after the
 * beginning holds up nothing.
 */
export class Renewal<T extends Expiring> {
  readonly #ask: () => Promise<T>;
  readonly #clocks: Clocks;
  #current: Given<T> | undefined;
  #last: Promise<T> | undefined;
  #isAsking = false;
  /** Between which times they are asked for again, of the steady clock. */
  #earliest = -Infinity;
  #next = -Infinity;
  /** When they were asked for last because the old ones were refused, of the steady clock. */
  #forced = -Infinity;

  constructor(ask: () => Promise<T>, clocks: Clocks = OURS) {
    this.#ask = ask;
    this.#clocks = clocks;
  }

  /**
   * @param refused what was given before and is not taken any more: others are asked for, unless that
   *   was just done for the same reason; then it is given again
   * @returns rejects as `ask` does, where there are none that are still good
   */
  async get(refused?: T): Promise<T> {
    const now = this.#clocks.steady();
    const isRefused = refused !== undefined && refused === this.#current?.value;
    const isForced = isRefused && now - this.#forced >= PAUSE_MS;
    if (!this.#isAsking && (isForced || this.#isDue(now))) {
      if (isForced) this.#forced = now;
      this.#last = this.#renew();
    }
    const current = this.#current;
    const isGood = current !== undefined && !(isRefused && this.#isAsking);
    if (isGood && now < current.until && this.#left(current) > current.margin) {
      return current.value;
    }
    return this.#last ?? this.#renew();
  }

  #isDue(now: number): boolean {
    if (now < this.#earliest) return false;
    const current = this.#current;
    return now >= this.#next || (current !== undefined && this.#left(current) <= current.ahead);
  }

  /** How long something is still good by the wall clock, in milliseconds. */
  #left({ expiry }: Given<T>): number {
    return expiry - this.#clocks.wall();
  }

  #renew(): Promise<T> {
    this.#isAsking = true;
    const asked = this.#ask().then(
      (value) => {
        const expiry = expiryOf(value);
        const came = this.#clocks.steady();
        const left = expiry - this.#clocks.wall();
        const ahead = Math.min(AHEAD_MS, left / 2);
        const margin = Math.min(MARGIN_MS, left / 10);
        this.#current = { value, expiry, until: came + left - margin, ahead, margin };
        this.#earliest = came + PAUSE_MS;
        this.#next = came + Math.max(PAUSE_MS, left - ahead);
        this.#isAsking = false;
        return value;
      },
      (error: unknown) => {
        this.#earliest = this.#clocks.steady() + PAUSE_MS;
        this.#next = this.#earliest;
        this.#isAsking = false;
        throw error;
      },
    );
    // Whoever has good ones does not hear of it.
    asked.catch(() => undefined);
    return asked;
  }
}

/** Milliseconds since 1970. */
function expiryOf({ expiration }: Expiring): number {
  const time = expiration?.getTime() ?? Infinity;
  return Number.isNaN(time) ? Infinity : time;
}
