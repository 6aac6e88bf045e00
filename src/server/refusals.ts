/** How often each reason is told at most, in milliseconds. */
const EVERY_MS = 10_000;

interface Entry {
  toldAt: number;
  /** Those that were not told of. */
  untold: number;
  /** The last of them. */
  client: string;
}

/** Tells of what may happen thousands of times a second: at once, then how often it went on. */
export class Refusals<R extends string> {
  readonly #entries = new Map<R, Entry>();
  readonly #tell: (reason: R, client: string, count: number) => void;

  /** @param tell called at most once in ten seconds for each reason */
  constructor(tell: (reason: R, client: string, count: number) => void) {
    this.#tell = tell;
  }

  /** It has happened to this client. */
  add(reason: R, client: string, now = performance.now()): void {
    const entry = this.#entries.get(reason);
    if (entry === undefined) {
      this.#entries.set(reason, { toldAt: now, untold: 0, client });
      this.#tell(reason, client, 1);
      return;
    }
    entry.untold++;
    entry.client = client;
  }

  /** To be called about once a second. */
  check(now = performance.now()): void {
    for (const [reason, entry] of this.#entries) {
      if (now - entry.toldAt < EVERY_MS) continue;
      if (entry.untold === 0) {
        this.#entries.delete(reason);
        continue;
      }
      this.#tell(reason, entry.client, entry.untold);
      entry.toldAt = now;
      entry.untold = 0;
    }
  }

  /** Tells what was not told yet. */
  end(): void {
    this.check(Infinity);
  }
}
