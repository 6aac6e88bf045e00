/**
 * A queue between one that puts in and one that takes out. Whoever puts in more than it holds waits.
 */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #items: { readonly item: T; readonly weight: number }[] = [];
  #weight = 0;
  #closed = false;
  #taker: ((item: T | undefined) => void) | undefined;
  #putter: (() => void) | undefined;

  /** @param capacity the weight at which `put` begins to wait. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Adds an item. Settles when there is room for another. After `close` the item is dropped. */
  put(item: T, weight: number): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#taker !== undefined) {
      const take = this.#taker;
      this.#taker = undefined;
      take(item);
      return undefined;
    }
    this.#items.push({ item, weight });
    this.#weight += weight;
    if (this.#weight < this.#capacity) return undefined;
    return new Promise((resolve) => (this.#putter = resolve));
  }

  /** The next item, or `undefined` after the last one of a closed queue. */
  take(): Promise<T | undefined> {
    const next = this.#items.shift();
    if (next !== undefined) {
      this.#weight -= next.weight;
      if (this.#weight < this.#capacity) this.#wakePutter();
      return Promise.resolve(next.item);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#taker = resolve));
  }

  /** Nothing more comes. What is in the queue can still be taken. */
  close(): void {
    this.#closed = true;
    this.#taker?.(undefined);
    this.#taker = undefined;
    this.#wakePutter();
  }

  /** Nothing more comes, and what is in the queue is dropped. */
  clear(): void {
    this.#items.length = 0;
    this.#weight = 0;
    this.close();
  }

  #wakePutter(): void {
    this.#putter?.();
    this.#putter = undefined;
  }
}
