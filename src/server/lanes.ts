import { areInTheWay, wayOf } from "../storage/names.ts";
import type { Ahead } from "../storage/storage.ts";
import type { Job } from "./job.ts";

const ONE_BY_ONE: Ahead = { requests: 1, uploadSize: 0, names: false };

/** What a request touches, where others can be carried out beside it. */
interface Touched {
  readonly way: string;
  readonly writes: boolean;
}

/** When a request's turn to be answered comes. */
export class Turn {
  readonly #come = Promise.withResolvers<void>();
  #isNow = false;
  #atOnce: (() => void)[] = [];

  /** Settles when everything before it has been answered. */
  get come(): Promise<void> {
    return this.#come.promise;
  }

  /** Whether it has come. */
  get isNow(): boolean {
    return this.#isNow;
  }

  /** Does something as soon as it has come; at once where it has. */
  whenNow(work: () => void): void {
    if (this.#isNow) work();
    else this.#atOnce.push(work);
  }

  /** It has come. */
  arrive(): void {
    this.#isNow = true;
    for (const work of this.#atOnce.splice(0)) work();
    this.#come.resolve();
  }
}

/**
 * The requests of one client that are carried out at the same time: only such that it makes no
 * difference to. They are answered in their order all the same.
 */
export class Lanes {
  readonly #running = new Map<Promise<void>, Touched | undefined>();
  #ahead = ONE_BY_ONE;
  #last: Promise<void> = Promise.resolve();

  /** Whether anything is being carried out. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** So much may be carried out at the same time from now on; one by one where left out. */
  widen(ahead: Ahead | undefined): void {
    this.#ahead = ahead ?? ONE_BY_ONE;
  }

  /** Waits until anything at all could be begun. */
  async anyRoom(): Promise<void> {
    while (this.#running.size >= this.#ahead.requests) await Promise.race(this.#running.keys());
  }

  /** Waits until a request can be begun. */
  async room(job: Job): Promise<void> {
    const touched = this.#touchedBy(job);
    for (;;) {
      const inTheWay = this.#inTheWayOf(touched);
      if (inTheWay === undefined) return this.anyRoom();
      await inTheWay;
    }
  }

  /** Carries out a request; its turn comes when the one before has ended. */
  begin(job: Job, work: (turn: Turn) => Promise<void>): void {
    const turn = new Turn();
    if (this.#running.size === 0) turn.arrive();
    else void this.#last.then(() => turn.arrive());
    const running = work(turn).finally(() => this.#running.delete(running));
    this.#last = running;
    this.#running.set(running, this.#touchedBy(job));
  }

  /** Waits until nothing is carried out any more. */
  async settle(): Promise<void> {
    await this.#last;
  }

  #inTheWayOf(touched: Touched | undefined): Promise<void> | undefined {
    for (const [running, other] of this.#running) if (meet(touched, other)) return running;
    return undefined;
  }

  /** `undefined` where nothing may be carried out beside it. */
  #touchedBy({ asked }: Job): Touched | undefined {
    if (asked.type !== "request") return undefined;
    const { request } = asked;
    switch (request.verb) {
      case "GET":
        return { way: wayOf(request.path), writes: false };
      case "STAT":
        return this.#ahead.names && request.keys.digest === undefined
          ? { way: wayOf(request.path), writes: false }
          : undefined;
      case "DELETE":
        return this.#ahead.names ? { way: wayOf(request.path), writes: true } : undefined;
      case "PUT": {
        const { size = Infinity, part } = request.keys;
        return size <= this.#ahead.uploadSize && part === undefined
          ? { way: wayOf(request.path), writes: true }
          : undefined;
      }
      default:
        return undefined;
    }
  }
}

/** Whether one must wait for the other. */
function meet(one: Touched | undefined, other: Touched | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return (one.writes || other.writes) && areInTheWay(one.way, other.way);
}
