import { BLOCK_SIZE } from "../protocol/limits.ts";
import type { Path } from "../storage/errors.ts";
import type { Job } from "./job.ts";

/** Larger uploads are stored one after the other, so that memory stays bounded, in bytes. */
const MOST_BYTES = 4 * BLOCK_SIZE;

/** What a request touches, where others can be carried out beside it. */
interface Touched {
  readonly path: Path;
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
  #last: Promise<void> = Promise.resolve();

  /** Whether anything is being carried out. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /**
   * Waits until a request can be begun.
   * @param most how many may be carried out at the same time
   */
  async room(job: Job, most: number): Promise<void> {
    const touched = touchedBy(job);
    for (;;) {
      const inTheWay = [...this.#running].find(([, other]) => meet(touched, other));
      if (inTheWay !== undefined) await inTheWay[0];
      else if (this.#running.size >= most) await Promise.race(this.#running.keys());
      else return;
    }
  }

  /** Carries out a request; its turn comes when the one before has ended. */
  begin(job: Job, work: (turn: Turn) => Promise<void>): void {
    const turn = new Turn();
    if (this.#running.size === 0) turn.arrive();
    else void this.#last.then(() => turn.arrive());
    const running = work(turn).finally(() => this.#running.delete(running));
    this.#last = running;
    this.#running.set(running, touchedBy(job));
  }

  /** Waits until nothing is carried out any more. */
  async settle(): Promise<void> {
    await this.#last;
  }
}

/** `undefined` where nothing may be carried out beside it. */
function touchedBy({ asked }: Job): Touched | undefined {
  if (asked.type !== "request") return undefined;
  const { request } = asked;
  switch (request.verb) {
    case "GET":
      return { path: request.path, writes: false };
    case "STAT":
      return request.keys.digest === undefined ? { path: request.path, writes: false } : undefined;
    case "DELETE":
      return { path: request.path, writes: true };
    case "PUT": {
      const { size = Infinity, part } = request.keys;
      return size > MOST_BYTES || part !== undefined
        ? undefined
        : { path: request.path, writes: true };
    }
    default:
      return undefined;
  }
}

/** Whether one must wait for the other: a folder and what is in it are in each other's way. */
function meet(one: Touched | undefined, other: Touched | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  if (!one.writes && !other.writes) return false;
  const shorter = Math.min(one.path.length, other.path.length);
  return one.path.slice(0, shorter).every((part, index) => part === other.path[index]);
}
