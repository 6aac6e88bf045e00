/** What may wait in one queue, or in several that the same one fills. */
export class Room {
  #capacity: number;
  #used = 0;
  #waiting: (() => void) | undefined;

  /** @param capacity the weight at which the one that fills begins to wait. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes up room. Settles when there is room for more. */
  take(weight: number): Promise<void> | undefined {
    this.#used += weight;
    if (this.#used < this.#capacity) return undefined;
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  /** Gives room back. */
  give(weight: number): void {
    this.#used -= weight;
    if (this.#used < this.#capacity) this.wake();
  }

  /** Holds so much from now on. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    if (this.#used < capacity) this.wake();
  }

  /** Lets the one that waits go on, whether there is room or not. */
  wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

/**
 * A queue between one that puts in and one that takes out. Whoever puts in more than it holds waits.
 */
export class BoundedQueue<T> {
  readonly #room: Room;
  readonly #items: { readonly item: T; readonly weight: number }[] = [];
  #closed = false;
  #taker: ((item: T | undefined) => void) | undefined;

  /** @param room may be shared by queues that one fills */
  constructor(room: Room) {
    this.#room = room;
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
    return this.#room.take(weight);
  }

  /** The next item, or `undefined` after the last one of a closed queue. */
  take(): Promise<T | undefined> {
    const next = this.#items.shift();
    if (next !== undefined) {
      this.#room.give(next.weight);
      return Promise.resolve(next.item);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#taker = resolve));
  }

  /** Takes the next item where it is there already, and wanted. */
  takeIf(wanted: (item: T) => boolean): T | undefined {
    const [next] = this.#items;
    if (next === undefined || !wanted(next.item)) return undefined;
    this.#items.shift();
    this.#room.give(next.weight);
    return next.item;
  }

  /** What is there, without taking it. */
  waiting(): readonly T[] {
    return this.#items.map(({ item }) => item);
  }

  /** Nothing more comes. What is in the queue can still be taken. */
  close(): void {
    this.#closed = true;
    this.#taker?.(undefined);
    this.#taker = undefined;
    this.#room.wake();
  }

  /** Nothing more comes, and what is in the queue is dropped. */
  clear(): void {
    for (const { weight } of this.#items.splice(0)) this.#room.give(weight);
    this.close();
  }
}
