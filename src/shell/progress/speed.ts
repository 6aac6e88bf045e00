/** Over how long a rate is taken, in milliseconds: so long that it can be read, and no longer. */
const WINDOW_MS = 5000;

/** How fast bytes move, of late. Times are milliseconds. */
export class Speed {
  readonly #samples: { readonly at: number; readonly moved: number }[] = [];
  #lastMove: number;

  constructor(now: number, moved = 0) {
    this.#samples.push({ at: now, moved });
    this.#lastMove = now;
  }

  /** Takes down how many bytes have moved so far. */
  sample(now: number, moved: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && moved > last.moved) this.#lastMove = now;
    this.#samples.push({ at: now, moved });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes a second. */
  get rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return ((last.moved - first.moved) / (last.at - first.at)) * 1000;
  }

  /** For how long nothing has moved. */
  idle(now: number): number {
    return now - this.#lastMove;
  }

  /** Counts what was no fault of the other side, such as to have had no connection, as no idling. */
  restart(now: number): void {
    this.#lastMove = now;
  }
}
