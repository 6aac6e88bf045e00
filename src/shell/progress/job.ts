import { BLOCK_SIZE } from "../../protocol/limits.ts";

/** How far one file is, in bytes. What is told of each block only stores numbers. */
export class FileProgress {
  readonly name: string;
  /** How long it is, as far as that is known. */
  size: number | undefined;
  /** How much of it is on the other side. */
  bytes = 0;
  /** How much of that this run has moved. */
  moved = 0;
  /** Whether any of it has come over the connection of the moment. */
  begun = false;
  readonly #job: Job;

  constructor(job: Job, name: string, size: number | undefined) {
    this.#job = job;
    this.name = name;
    this.size = size;
  }

  /** Whether all of it is there, and it is only the proof that is awaited. */
  get complete(): boolean {
    return this.begun && this.bytes === this.size;
  }

  /** Told of each block: so many bytes of how many are there. */
  reached(bytes: number, size: number): void {
    const step = Math.max(0, bytes - this.bytes);
    // What an earlier try had brought comes with the first block, and is nobody's speed.
    this.moved += this.begun ? step : Math.min(step, BLOCK_SIZE);
    this.bytes = bytes;
    this.size = size;
    this.begun = true;
  }

  /** It is moved, or will not be. */
  end(): void {
    this.#job.ended(this);
  }
}

/** What a job waits for that is no byte. */
export type Waiting =
  | { readonly for: "connection" }
  /** A moment as `performance.now()` tells it. */
  | { readonly for: "retry"; readonly at: number };

/** How far a command is that moves files: it is told, and whoever wants to looks. */
export class Job {
  /** The files that are being moved, in the order in which they began. */
  readonly active = new Set<FileProgress>();
  /** Set while there is no connection. */
  waiting: Waiting | undefined;
  /** Told once, when the first file is known of. */
  onBegin: () => void = () => undefined;
  /** Told once, when there is nothing more to show. */
  onEnd: () => void = () => undefined;
  /**
   * What is to be typed where it is cut short, and what that does: nothing is said where it is empty,
   * and that the same goes on where it is left out.
   */
  onwards: string | undefined;
  /** Whether it is no files that are moved, but things that are counted. */
  isCount = false;
  /** Whether any file's turn has come. */
  hasBegun = false;
  #found = 0;
  #ended = 0;
  #allFound = false;
  #awaited = 0;
  #awaitedBytes = 0;
  /** How many of those that are awaited nobody knows the size of. */
  #awaitedUnknown = 0;
  #endedBytes = 0;
  #endedMoved = 0;
  #isOver = false;

  /** A file was found that will be moved, or passed over. */
  expect(size: number | undefined): void {
    this.#awaited++;
    if (size === undefined) this.#awaitedUnknown++;
    else this.#awaitedBytes += size;
    this.#count();
  }

  /** A file was found that need not be moved. */
  pass(): void {
    this.#count();
    this.#ended++;
  }

  /** All files have been found. */
  foundAll(): void {
    this.#allFound = true;
  }

  /** So many things are to be done that have no bytes, such as to be removed, and no others. */
  count(number: number): void {
    if (number === 0) return;
    this.isCount = true;
    this.foundAll();
    const isFirst = this.#found === 0;
    this.#found += number;
    if (isFirst) this.onBegin();
  }

  /** One of them was done, or will not be. */
  counted(): void {
    this.#ended++;
  }

  /** A file's turn has come. */
  begin(name: string, size: number | undefined): FileProgress {
    this.hasBegun = true;
    if (this.#awaited > 0) {
      this.#awaited--;
      if (size === undefined) this.#awaitedUnknown = Math.max(0, this.#awaitedUnknown - 1);
      else this.#awaitedBytes = Math.max(0, this.#awaitedBytes - size);
    } else {
      this.#count();
    }
    const file = new FileProgress(this, name, size);
    this.active.add(file);
    return file;
  }

  /** Begins the only file that there is. */
  beginOnly(name: string): FileProgress {
    this.foundAll();
    return this.begin(name, undefined);
  }

  ended(file: FileProgress): void {
    if (!this.active.delete(file)) return;
    this.#ended++;
    this.#endedBytes += file.bytes;
    this.#endedMoved += file.moved;
  }

  /** The connection was lost, and another is tried at that moment. */
  retryAt(moment: number): void {
    this.waiting = { for: "retry", at: moment };
    for (const file of this.active) file.begun = false;
  }

  /** There is a connection again. */
  reconnected(): void {
    this.waiting = undefined;
  }

  /** Nothing more is shown of it: what it came to is told now. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onEnd();
  }

  /** How many files are known of. */
  get files(): number {
    return this.#found;
  }

  /** How many of them are done with. */
  get filesDone(): number {
    return this.#ended;
  }

  /** Whether `files` and `size` can grow no more. */
  get allFound(): boolean {
    return this.#allFound;
  }

  /** How many bytes are there, of all files. */
  get bytes(): number {
    return this.#sum(this.#endedBytes, ({ bytes }) => bytes);
  }

  /** How many bytes this run has moved. */
  get moved(): number {
    return this.#sum(this.#endedMoved, ({ moved }) => moved);
  }

  /** How many bytes all files have that are known of; `undefined` where that is not known of each. */
  get size(): number | undefined {
    if (this.#awaitedUnknown > 0) return undefined;
    if (this.active.values().some(({ size }) => size === undefined)) return undefined;
    return this.#sum(this.#endedBytes + this.#awaitedBytes, ({ size }) => size ?? 0);
  }

  #sum(rest: number, of: (file: FileProgress) => number): number {
    let sum = rest;
    for (const file of this.active) sum += of(file);
    return sum;
  }

  #count(): void {
    this.#found++;
    if (this.#found === 1) this.onBegin();
  }
}
