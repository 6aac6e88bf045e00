import type { Source, Storage } from "../storage/storage.ts";
import type { Intake } from "./intake.ts";
import type { Job } from "./job.ts";

/** So many are read ahead at the most; small files, so that this is a megabyte. */
const MOST = 64;
/** With fewer than this more are read, many at once, since that costs little more than one. */
const FEW = 16;

/**
 * The files that a client asks for one behind the other, read before their turn. Only while nothing
 * but GET stands between: what a request before them does would be missed.
 */
export class ReadAhead {
  readonly #storage: Storage;
  readonly #intake: Intake;
  readonly #reading = new Map<Job, Promise<Source | undefined>>();

  constructor(storage: Storage, intake: Intake) {
    this.#storage = storage;
    this.#intake = intake;
  }

  /** @returns the file that a job asks for; `undefined` where it was not read ahead */
  async take(job: Job): Promise<Source | undefined> {
    if (this.#storage.readAhead === undefined) return undefined;
    // Those before it have ended, asked for or not.
    for (const [earlier] of this.#reading) {
      if (earlier === job) break;
      this.#reading.delete(earlier);
    }
    if (this.#reading.size < FEW) this.#readMore(job);
    const reading = this.#reading.get(job);
    this.#reading.delete(job);
    return reading;
  }

  #readMore(job: Job): void {
    const wanted = [job];
    for (const next of this.#intake.upcoming()) {
      if (next.asked.type !== "request" || next.asked.request.verb !== "GET") break;
      if (wanted.push(next) === MOST) break;
    }
    // One alone has nothing to be read ahead of.
    if (wanted.length === 1) return;
    for (const next of wanted) {
      if (this.#reading.has(next) || next.asked.type !== "request") continue;
      const reading = this.#storage.readAhead?.(next.asked.request.path);
      if (reading !== undefined) {
        this.#reading.set(
          next,
          reading.catch(() => undefined),
        );
      }
    }
  }
}
