import type {
  Job,
  JobDone,
  ListDone,
  ListJob,
  ReadDone,
  ReadJob,
  StoreDone,
  StoreJob,
} from "./jobs.ts";

/** How long a job may take before others no longer wait for it, in milliseconds. */
const STUCK_AFTER_MS = 500;
/** How long after a thread has died another is tried, in milliseconds. */
const RETRY_AFTER_MS = 60_000;
/** Where the program's own files lie in the executable that is shipped. */
const INSIDE_EXECUTABLE = "/$bunfs/";

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
  /**
   * Told why the thread is not to be had, where it could not be started or has died; once, until one
   * has answered again. Others than a server need not know of it.
   */
  onDeath: ((why: string) => void) | undefined;
  readonly #start: () => Worker;
  readonly #retryAfter: number;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #running: Waiting | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stuck = false;
  /** Since when it is not to be had, of `performance.now()`. */
  #failedAt = -Infinity;
  #isTold = false;

  /** @param retryAfter how long after a thread has died another is tried, in milliseconds */
  constructor(start = startWorker, retryAfter = RETRY_AFTER_MS) {
    this.#start = start;
    this.#retryAfter = retryAfter;
  }

  /** Whether it was started, so that using it costs little. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** @returns `undefined` where it is not to be had */
  read(job: ReadJob): Promise<ReadDone | undefined> {
    return this.#do<ReadDone>(job);
  }

  /**
   * @returns `undefined` where it is not to be had: as a rule nothing was done then; where the thread
   * has died in the midst of it, nobody knows how much
   */
  store(job: StoreJob): Promise<StoreDone | undefined> {
    return this.#do<StoreDone>(job);
  }

  /** @returns `undefined` where it is not to be had */
  list(job: ListJob): Promise<ListDone | undefined> {
    return this.#do<ListDone>(job);
  }

  #do<D extends JobDone>(job: Job): Promise<D | undefined> {
    const isFailed = performance.now() - this.#failedAt < this.#retryAfter;
    if (this.#stuck || isFailed) return Promise.resolve(undefined);
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
    const { job } = this.#running;
    try {
      this.#worker ??= this.#begin();
      // What waits keeps the process alive, not the thread.
      this.#worker.ref();
      this.#worker.postMessage(job, job.kind === "store" ? [job.bytes.buffer] : []);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
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

  /** It is not to be had for a while, and nobody waits for it. */
  #fail(why: string): void {
    this.#failedAt = performance.now();
    this.#worker?.terminate();
    this.#worker = undefined;
    clearTimeout(this.#timer);
    this.#giveUpWaiting();
    this.#done(undefined);
    if (this.#isTold) return;
    this.#isTold = true;
    this.onDeath?.(why);
  }

  #begin(): Worker {
    const worker = this.#start();
    const fail = (why: string): void => {
      // It tells of its end by more than one event, perhaps when there is another already.
      if (this.#worker === worker) this.#fail(why);
    };
    worker.addEventListener("message", ({ data }: MessageEvent<JobDone>) => {
      if (this.#worker !== worker) return;
      this.#isTold = false;
      this.#done(data);
    });
    worker.addEventListener("error", ({ message }) => fail(message));
    worker.addEventListener("close", () => fail("it has ended"));
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
