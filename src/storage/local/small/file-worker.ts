import type * as jobs from "./jobs.ts";
import type { ReadDone, ReadJob, StoreDone, StoreJob } from "./jobs.ts";
import type { ListDone, ListJob } from "./list-calls.ts";

/** How long a job may take before others no longer wait for it, in milliseconds. */
const STUCK_AFTER_MS = 500;
/** Where the program's own files lie in the executable that is shipped. */
const INSIDE_EXECUTABLE = "/$bunfs/";

type Job = jobs.Job | ListJob;
type JobDone = jobs.JobDone | ListDone;

interface Waiting {
  readonly job: Job;
  readonly resolve: (done: JobDone | undefined) => void;
}

/**
 * A thread that makes many calls of the file system for one message. Each asynchronous call costs
 * the waking of a thread, which is ten times what most calls take by themselves. One thread is
 * enough, because whoever meets it stuck in a call goes the ordinary way.
 */
export class FileWorker {
  readonly #start: () => Worker;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #running: Waiting | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stuck = false;
  #failed = false;

  constructor(start = startWorker) {
    this.#start = start;
  }

  /** Whether it was started, so that using it costs little. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** @returns `undefined` where it is not to be had: nothing was done then */
  read(job: ReadJob): Promise<ReadDone | undefined> {
    return this.#do<ReadDone>(job);
  }

  /** @returns `undefined` where it is not to be had: nothing was done then */
  store(job: StoreJob): Promise<StoreDone | undefined> {
    return this.#do<StoreDone>(job);
  }

  /** @returns `undefined` where it is not to be had */
  list(job: ListJob): Promise<ListDone | undefined> {
    return this.#do<ListDone>(job);
  }

  #do<D extends JobDone>(job: Job): Promise<D | undefined> {
    if (this.#stuck || this.#failed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      // A job of one kind is answered in kind.
      this.#waiting.push({ job, resolve: resolve as Waiting["resolve"] });
      if (this.#running === undefined) this.#next();
      else this.#watch();
    });
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#waiting.shift();
    if (this.#running === undefined) return;
    if (this.#waiting.length > 0) this.#watch();
    this.#worker ??= this.#begin();
    // What waits keeps the process alive, not the thread.
    this.#worker.ref();
    const { job } = this.#running;
    this.#worker.postMessage(job, job.kind === "store" ? [job.bytes.buffer] : []);
  }

  #done(done: JobDone | undefined): void {
    this.#stuck = false;
    this.#worker?.unref();
    const running = this.#running;
    this.#next();
    running?.resolve(done);
  }

  #watch(): void {
    this.#timer ??= setTimeout(() => this.#giveUpWaiting(), STUCK_AFTER_MS);
  }

  /** Nobody waits for what hangs but the one that it was done for. */
  #giveUpWaiting(): void {
    this.#timer = undefined;
    this.#stuck = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
  }

  #begin(): Worker {
    const worker = this.#start();
    worker.addEventListener("message", ({ data }: MessageEvent<JobDone>) => this.#done(data));
    worker.addEventListener("error", () => {
      this.#failed = true;
      this.#giveUpWaiting();
      this.#done(undefined);
    });
    return worker;
  }
}

function startWorker(): Worker {
  const { main } = Bun;
  return new Worker(
    main.startsWith(INSIDE_EXECUTABLE)
      ? new URL("storage/local/small/worker.ts", Bun.pathToFileURL(main))
      : new URL("worker.ts", import.meta.url),
  );
}

/** The one of this process. */
export const fileWorker = new FileWorker();
