import { BLOCK_SIZE } from "../../protocol/limits.ts";
import type { Text } from "../text.ts";
import type { FileProgress, Job } from "./job.ts";
import { linesOf, type State, type View } from "./lines.ts";
import { LiveLines, type Screen } from "./live-lines.ts";
import { Speed } from "./speed.ts";

/** How often what is shown is drawn, in milliseconds. */
const DRAW_MS = 100;
/** What ends sooner shows nothing, in milliseconds. */
const PATIENCE_MS = 500;
/** When nothing has moved for so long, that is said, in milliseconds. */
const STALLED_MS = 3000;
/** When the reply to what is all there has not come for so long, that is said, in milliseconds. */
const UNANSWERED_MS = 1000;

/** Shows a person how far a job is. */
export interface Watcher {
  /** Shows a job from when it has taken some time until it ends, in place of any other. */
  watch(job: Job): void;
  /** Writes something that is not to be mixed up with what is shown. */
  above(write: () => void): void;
  /** Shows nothing while a person is asked something. */
  pauseFor<T>(work: () => Promise<T>): Promise<T>;
}

/** Shows it in lines that are drawn again and again. */
export class Meter implements Watcher {
  readonly #screen: Screen;
  readonly #paint: (text: Text) => string;
  readonly #lines: LiveLines;
  #stop: (() => void) | undefined;
  #paused = 0;

  /** @param paint how a text looks on the screen */
  constructor(screen: Screen, paint: (text: Text) => string) {
    this.#screen = screen;
    this.#paint = paint;
    this.#lines = new LiveLines(screen);
  }

  /** Shows a job from when it has taken some time until it ends, in place of any other. */
  watch(job: Job): void {
    this.#stop?.();
    job.onBegin = () => {
      const drawing = new Drawing(job, performance.now());
      const draw = (): void => this.#draw(drawing);
      const timer = setInterval(draw, DRAW_MS);
      timer.unref();
      this.#stop = () => {
        this.#stop = undefined;
        clearInterval(timer);
        job.onEnd = () => undefined;
        this.#screen.off("resize", draw);
        process.off("exit", erase);
        process.off("SIGTSTP", suspend);
        erase();
      };
      job.onEnd = this.#stop;
      this.#screen.on("resize", draw);
      process.on("exit", erase);
      process.on("SIGTSTP", suspend);
    };
    const erase = (): void => this.#lines.erase();
    const suspend = (): void => {
      erase();
      process.kill(process.pid, "SIGSTOP");
    };
  }

  /** Writes something that is not to be mixed up with what is shown. */
  above(write: () => void): void {
    this.#lines.above(write);
  }

  /** Shows nothing while a person is asked something. */
  async pauseFor<T>(work: () => Promise<T>): Promise<T> {
    this.#paused++;
    this.#lines.erase();
    try {
      return await work();
    } finally {
      this.#paused--;
    }
  }

  #draw(drawing: Drawing): void {
    const view = drawing.view(performance.now());
    if (view === undefined || this.#paused > 0) return;
    const { columns, rows } = this.#screen;
    const lines = linesOf(view, columns).map(this.#paint);
    // A line that does not fit would be lost above the screen, and stay there.
    this.#lines.draw(lines.slice(Math.max(0, lines.length - Math.max(1, rows - 1))));
  }
}

/** What is known of a job from one time that it is drawn to the next. */
class Drawing {
  readonly #job: Job;
  readonly #started: number;
  readonly #speed: Speed;
  #file: { readonly progress: FileProgress; readonly speed: Speed } | undefined;

  constructor(job: Job, now: number) {
    this.#job = job;
    this.#started = now;
    this.#speed = new Speed(now);
  }

  /** What is to be shown; `undefined` where that is nothing yet. */
  view(now: number): View | undefined {
    const job = this.#job;
    const { files, filesDone, allFound, bytes, size, moved, isCount } = job;
    this.#speed.sample(now, isCount ? filesDone : moved);
    if (job.waiting !== undefined) this.#speed.restart(now);
    const file = this.#shownFile(now);
    if (now - this.#started < PATIENCE_MS) return undefined;
    if (isCount) {
      const { rate } = this.#speed;
      const done = { bytes: filesDone, size: files, rate, done: filesDone, files, allFound };
      return { file: undefined, all: { ...done, isCount }, state: this.#state(now) };
    }
    const several = files > 1 || !allFound;
    const rate = several || file === undefined ? this.#speed.rate : file.speed.rate;
    return {
      file: file && {
        name: file.progress.name,
        bytes: file.progress.bytes,
        size: file.progress.size,
        rate: file.speed.rate,
      },
      all: several
        ? { bytes, size: allFound ? size : undefined, rate, done: filesDone, files, allFound }
        : undefined,
      state: this.#state(now),
    };
  }

  /** The file that comes: the first that has begun and is not complete. */
  #shownFile(now: number) {
    const { active } = this.#job;
    const [first] = active;
    const progress = active.values().find(({ begun, complete }) => begun && !complete) ?? first;
    if (progress === undefined) return undefined;
    if (this.#file?.progress !== progress) {
      this.#file = { progress, speed: new Speed(now, progress.moved) };
    }
    this.#file.speed.sample(now, progress.moved);
    return this.#file;
  }

  #state(now: number): State {
    const { waiting, active } = this.#job;
    if (waiting?.for === "connection") return { is: "connecting" };
    if (waiting?.for === "retry") {
      return waiting.at > now ? { is: "retrying", ms: waiting.at - now } : { is: "connecting" };
    }
    const idle = this.#speed.idle(now);
    if (idle < UNANSWERED_MS) return { is: "moving" };
    // Before the first byte a long file may have to be looked through, and behind the last stored.
    const awaited = active.values().some(({ begun, complete, size = Infinity }) => {
      return !complete && (begun || size <= BLOCK_SIZE);
    });
    const unanswered = active.values().some(({ complete }) => complete);
    if (!awaited && unanswered) return { is: "unanswered" };
    if (idle < STALLED_MS) return { is: "moving" };
    return awaited ? { is: "stalled", ms: idle } : { is: "waiting" };
  }
}
