import type { Request } from "../protocol/request.ts";
import type { Ahead } from "../storage/storage.ts";
import { Ways, waysTo, wayTo, type Way } from "../storage/ways.ts";
import { pathsOf, weightOf, type Job } from "./job.ts";

const ONE_BY_ONE: Ahead = { requests: 1, uploadSize: 0, names: false };

/** What a request touches, where others can be carried out beside it. */
interface Touched {
  readonly ways: readonly Way[];
  readonly writes: boolean;
}

/** When a request's turn to be answered comes. */
export class Turn {
  readonly #come = Promise.withResolvers<void>();
  #isNow = false;
  #atOnce: (() => void)[] = [];

  /** One that has come. */
  static now(): Turn {
    const turn = new Turn();
    turn.arrive();
    return turn;
  }

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
  readonly #running = new Set<Promise<void>>();
  /** What is touched: all of it, and what is written, which alone those mind that only read. */
  #ways: { readonly all: Ways<Promise<void>>; readonly written: Ways<Promise<void>> } | undefined;
  /** What nothing may be carried out beside. */
  #alone: Promise<void> | undefined;
  /** What is carried out weighs so much. */
  #requests = 0;
  #ahead = ONE_BY_ONE;
  #last: Promise<void> = Promise.resolve();
  readonly #waysOfPacks = new WeakMap<Request<"UNPACK">, readonly Way[]>();

  /** Whether anything is being carried out. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** So much may be carried out at the same time from now on; one by one where left out. */
  widen(ahead: Ahead | undefined): void {
    this.#ahead = ahead ?? ONE_BY_ONE;
  }

  /** How much requests that are carried out as one may weigh. */
  get together(): number {
    return this.#ahead.together ?? 1;
  }

  /** Waits until anything at all could be begun, and as many as one as are best. */
  async anyRoom(): Promise<void> {
    const most = this.#ahead.requests - this.together;
    while (this.#requests > most) await Promise.race(this.#running);
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

  /** Whether a request could be begun at once, beside all that is carried out. */
  hasRoom(job: Job): boolean {
    return this.#inTheWayOf(this.#touchedBy(job)) === undefined;
  }

  /**
   * Carries out requests as one; their turn comes when those before them have ended.
   * @param jobs of which none is in the way of another
   */
  begin(jobs: readonly Job[], work: (turn: Turn) => Promise<void>): void {
    const turn = new Turn();
    if (this.#running.size === 0) turn.arrive();
    else void this.#last.then(() => turn.arrive());
    const touched = jobs.map((job) => this.#touchedBy(job));
    // Elsewhere than where many are done as one, how deep a file lies is no work.
    const weight = this.together === 1 ? jobs.length : sum(jobs.map(weightOf));
    const running = work(turn).finally(() => {
      this.#running.delete(running);
      this.#requests -= weight;
      if (this.#alone === running) this.#alone = undefined;
      this.#useWays(touched, (ways, some) => ways.remove(some, running));
    });
    this.#last = running;
    this.#running.add(running);
    this.#requests += weight;
    if (touched.includes(undefined)) this.#alone = running;
    this.#useWays(touched, (ways, some) => ways.add(some, running));
  }

  /** Waits until nothing is carried out any more. */
  async settle(): Promise<void> {
    await this.#last;
  }

  #inTheWayOf(wanted: Touched | undefined): Promise<void> | undefined {
    if (wanted === undefined) return this.#running.values().next().value;
    if (this.#alone !== undefined) return this.#alone;
    const others = wanted.writes ? this.#ways?.all : this.#ways?.written;
    const blocked = others && wanted.ways.find((way) => others.blocks(way));
    return blocked && others?.inTheWayOf(blocked)[0];
  }

  #useWays(
    touched: readonly (Touched | undefined)[],
    use: (ways: Ways<Promise<void>>, some: readonly Way[]) => void,
  ): void {
    const known = touched.filter((one) => one !== undefined);
    if (known.length === 0) return;
    // A client that asks for nothing costs no memory for it.
    this.#ways ??= { all: new Ways(), written: new Ways() };
    use(
      this.#ways.all,
      known.flatMap(({ ways }) => ways),
    );
    const written = known.flatMap(({ ways, writes }) => (writes ? ways : []));
    if (written.length > 0) use(this.#ways.written, written);
  }

  /** Those of many names, which are asked for several times, are found out once. */
  #waysOf(request: Request<"UNPACK">): readonly Way[] {
    const ways = this.#waysOfPacks.get(request) ?? waysTo(pathsOf(request));
    this.#waysOfPacks.set(request, ways);
    return ways;
  }

  /** `undefined` where nothing may be carried out beside it. */
  #touchedBy({ asked }: Job): Touched | undefined {
    if (asked.type !== "request") return undefined;
    const { request } = asked;
    const ways = [wayTo(request.path)];
    switch (request.verb) {
      case "GET":
      case "PACK":
        return { ways, writes: false };
      case "UNPACK":
        return { ways: this.#waysOf(request), writes: true };
      case "STAT":
        return this.#ahead.names && request.keys.digest === undefined
          ? { ways, writes: false }
          : undefined;
      case "DELETE":
        return this.#ahead.names ? { ways, writes: true } : undefined;
      case "PUT": {
        const { size = Infinity, part } = request.keys;
        return size <= this.#ahead.uploadSize && part === undefined
          ? { ways, writes: true }
          : undefined;
      }
      default:
        return undefined;
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
