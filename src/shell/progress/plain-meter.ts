import { formatCount, formatSize } from "../../observe/units.ts";
import type { Job } from "./job.ts";
import type { Watcher } from "./meter.ts";

/** What ends sooner says nothing, in milliseconds. */
const PATIENCE_MS = 2000;
/** How often it is said how far a job is, in milliseconds. */
const EVERY_MS = 10_000;

/** Says how far a job is, in a line now and then: for a terminal that cannot take any back. */
export class PlainMeter implements Watcher {
  readonly #say: (message: string) => void;
  #stop: (() => void) | undefined;
  #paused = 0;

  constructor(say: (message: string) => void) {
    this.#say = say;
  }

  watch(job: Job): void {
    this.#stop?.();
    job.onBegin = () => {
      let told = "";
      const tell = (): void => {
        const line = lineOf(job);
        timer = setTimeout(tell, EVERY_MS);
        timer.unref();
        if (line === told || this.#paused > 0) return;
        told = line;
        this.#say(line);
      };
      let timer = setTimeout(tell, PATIENCE_MS);
      timer.unref();
      this.#stop = () => {
        this.#stop = undefined;
        clearTimeout(timer);
        job.onEnd = () => undefined;
      };
      job.onEnd = this.#stop;
    };
  }

  above(write: () => void): void {
    write();
  }

  async pauseFor<T>(work: () => Promise<T>): Promise<T> {
    this.#paused++;
    try {
      return await work();
    } finally {
      this.#paused--;
    }
  }
}

/** Such as `big.bin: 4.0 MiB of 8.0 MiB (50%)`. */
function lineOf(job: Job): string {
  const { files, filesDone, allFound, bytes, size, isCount } = job;
  if (isCount) return `${formatCount(filesDone)} of ${formatCount(files)} done`;
  const count = `${filesDone} of ${files}${allFound ? "" : "+"} files`;
  const label = files > 1 || !allFound ? count : (job.active.values().next().value?.name ?? count);
  const whole =
    size === undefined || !allFound
      ? ""
      : ` of ${formatSize(size)} (${size === 0 ? 100 : Math.floor((bytes / size) * 100)}%)`;
  return `${label}: ${formatSize(bytes)}${whole}`;
}
