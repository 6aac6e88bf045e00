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

/**
 * Has what expires, such as credentials, asked for again before it does, while the old ones still serve. Only where
 * these have expired does anybody wait. New ones that have expired already, by the clock of this
 * machine, are used as well: it is the store that judges.
 */
export class Renewal<T extends Expiring> {
  readonly #ask: () => Promise<T>;
  readonly #now: () => number;
  #current: T | undefined;
  /** Until when these are used, of `now()`. */
  #until = -Infinity;
  #last: Promise<T> | undefined;
  #isAsking = false;
  /** When they are asked for again, of `now()`. */
  #next = -Infinity;

  /** @param now the time in milliseconds since 1970 */
  constructor(ask: () => Promise<T>, now: () => number = Date.now) {
    this.#ask = ask;
    this.#now = now;
  }

  /** @returns rejects as `ask` does, where there are none that are still good */
  async get(): Promise<T> {
    const now = this.#now();
    if (!this.#isAsking && now >= this.#next) this.#last = this.#renew();
    const current = this.#current;
    if (current !== undefined && now < this.#until) return current;
    return this.#last ?? this.#renew();
  }

  #renew(): Promise<T> {
    this.#isAsking = true;
    const asked = this.#ask().then(
      (found) => {
        this.#current = found;
        const came = this.#now();
        const left = expiryOf(found) - came;
        this.#until = came + left - Math.min(MARGIN_MS, left / 10);
        this.#next = came + Math.max(PAUSE_MS, left - Math.min(AHEAD_MS, left / 2));
        this.#isAsking = false;
        return found;
      },
      (error: unknown) => {
        this.#next = this.#now() + PAUSE_MS;
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
