/** What a buffer begins with where nobody knows how much comes, in bytes. */
const FIRST_BYTES = 64 * 1024;

/** Bytes that are collected until there are enough of them for a part. */
export class PartBuffer {
  readonly capacity: number;
  #bytes: Buffer;
  #length = 0;

  /**
   * @param capacity bytes of a part
   * @param expected bytes that will come, where that is known
   */
  constructor(capacity: number, expected: number | undefined) {
    this.capacity = capacity;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(capacity, expected ?? FIRST_BYTES));
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.capacity;
  }

  /** Adds as many of the bytes as there is room for; gives their number. */
  add(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.capacity - this.#length);
    const needed = this.#length + taken.length;
    if (needed > this.#bytes.length) {
      const larger = Math.min(this.capacity, Math.max(needed, 2 * this.#bytes.length));
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#length)], larger);
    }
    this.#bytes.set(taken, this.#length);
    this.#length = needed;
    return taken.length;
  }

  /** What was collected. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
