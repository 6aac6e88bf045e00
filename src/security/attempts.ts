import { networkOf } from "./ip.ts";

/** Wrong logins that cost nothing, since everybody mistypes. */
const FREE = 3;
/** What the first one beyond them costs, in milliseconds; each further one doubles it. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** How far ahead places are given away: who would wait longer is told so instead. */
const LONGEST_QUEUE_MS = 60_000;
/** After so long without a wrong login, half of them are forgotten. */
const HALF_LIFE_MS = 300_000;
/** So often at most a right login makes the wrong ones good. */
const AMNESTY_MS = 900_000;

export interface AttemptsOptions {
  /** A clock that never jumps, in milliseconds. */
  readonly now?: () => number;
  /** How many networks are remembered. */
  readonly capacity?: number;
}

interface Entry {
  /** Wrong logins, as of `since`. */
  failures: number;
  since: number;
  /** When the next login may be judged. */
  free: number;
  /** When a right login last made the wrong ones good. */
  forgiven: number;
}

/**
 * How long addresses that keep on with wrong logins have to wait: IPv4 by address, IPv6 by /64.
 *
 * What is remembered is bounded. Where there is no room, the network with the fewest wrong logins is
 * forgotten, of those the one whose last is longest ago. So an attacker's entry goes only when every
 * other one has as many: to make room for a network with N wrong logins takes about `capacity` other
 * networks with N each, all within the half-life. Attackers with that many networks are not slowed
 * by this table; the length of secrets has to stand against them.
 */
export class Attempts {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #capacity: number;

  constructor(options: AttemptsOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#capacity = options.capacity ?? 4096;
  }

  /** How many networks are remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * How long a login from this address has to wait until it is judged. To be asked once for each
   * login: it takes a place in the queue, so that many at once wait one behind the other.
   * @returns milliseconds; beyond what a client can be made to wait for, refuse it at once
   */
  delayFor(address: string): number {
    const now = this.#now();
    const entry = this.#entries.get(networkOf(address));
    if (entry === undefined) return 0;
    const cost = delayAfter(failuresAt(entry, now));
    const start = Math.max(now, entry.free);
    const wait = start - now + cost;
    if (wait <= LONGEST_QUEUE_MS) entry.free = start + cost;
    return wait;
  }

  /** A login from this address was wrong. */
  failed(address: string): void {
    const network = networkOf(address);
    const now = this.#now();
    const entry = this.#entries.get(network);
    if (entry !== undefined) {
      entry.failures = failuresAt(entry, now) + 1;
      entry.since = now;
      return;
    }
    if (this.#entries.size >= this.#capacity) this.#forgetOne(now);
    this.#entries.set(network, { failures: 1, since: now, free: now, forgiven: -Infinity });
  }

  /**
   * A login from this address was right. That makes its wrong ones good, but not often: who has an
   * account could otherwise guess at others' by logging in now and then.
   */
  succeeded(address: string): void {
    const now = this.#now();
    const entry = this.#entries.get(networkOf(address));
    if (entry === undefined || now - entry.forgiven < AMNESTY_MS) return;
    entry.failures = 0;
    entry.free = now;
    entry.forgiven = now;
  }

  #forgetOne(now: number): void {
    let least: { readonly network: string; readonly failures: number; since: number } | undefined;
    for (const [network, entry] of this.#entries) {
      const failures = failuresAt(entry, now);
      const { since } = entry;
      if (
        least === undefined ||
        failures < least.failures ||
        (failures === least.failures && since < least.since)
      ) {
        least = { network, failures, since };
      }
    }
    if (least !== undefined) this.#entries.delete(least.network);
  }
}

function failuresAt({ failures, since }: Entry, now: number): number {
  return Math.floor(failures / 2 ** Math.floor((now - since) / HALF_LIFE_MS));
}

function delayAfter(failures: number): number {
  if (failures < FREE) return 0;
  return Math.min(FIRST_DELAY_MS * 2 ** (failures - FREE), LONGEST_DELAY_MS);
}
