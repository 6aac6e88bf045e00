/** Places of which only so many are taken at a time: who comes later waits for its turn. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param count how many there are */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a place.
   * @returns what gives it back; more often does no harm
   */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }
}
