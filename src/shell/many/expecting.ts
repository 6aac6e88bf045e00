import { FileProgress, type Job } from "../progress/job.ts";
import type { Found, Listed } from "./found.ts";

/** How many entries are looked at in advance: what a long listing holds is no reason to keep it. */
const AHEAD = 20_000;

/**
 * What was found, looked at in advance while what came first is being moved, so that the job knows
 * what there is to do. Where the listing ends with an error, so does this, behind what came before.
 * @param sizeOf a file's size; `undefined` for what is no file
 */
export async function* expecting<T>(
  job: Job,
  items: AsyncIterable<readonly T[]>,
  sizeOf: (item: T) => Size | undefined,
): AsyncGenerator<readonly T[]> {
  const waiting: (readonly T[])[] = [];
  /** How many entries wait or are being used. */
  let held = 0;
  const isFull = (): boolean => held >= AHEAD;
  let ended = false;
  const stop = new AbortController();
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const reading = (async () => {
    for await (const some of items) {
      for (const item of some) {
        const size = sizeOf(item);
        if (size !== undefined) job.expect(size === "unknown" ? undefined : size);
      }
      waiting.push(some);
      held += some.length;
      change();
      while (isFull() && !stop.signal.aborted) await changed.promise;
      if (stop.signal.aborted) break;
    }
    job.foundAll();
  })().finally(() => {
    ended = true;
    change();
  });
  // Awaited at the end.
  reading.catch(() => undefined);
  try {
    for (;;) {
      const some = waiting.shift();
      if (some !== undefined) {
        yield some;
        held -= some.length;
        change();
        continue;
      }
      if (ended) break;
      await changed.promise;
    }
  } finally {
    stop.abort();
    change();
    await reading;
  }
}

/** In bytes; nobody has asked yet where a file was named. */
type Size = number | "unknown";

/** The size of a file that was found, as `expecting` wants it. */
export function sizeOfFound({ type, known }: Found): Size | undefined {
  return type === "file" ? (known?.entry?.size ?? "unknown") : undefined;
}

/** The size of a file that was listed, as `expecting` wants it. */
export function sizeOfFile({ type, size = 0 }: Listed): number | undefined {
  return type === "file" ? size : undefined;
}

/** The turn of something that was found has come: only files are told of. */
export function beginFound(job: Job, { type, shown, known }: Found): FileProgress {
  const size = known?.entry?.size;
  return type === "file" ? job.begin(shown, size) : new FileProgress(job, shown, size);
}
