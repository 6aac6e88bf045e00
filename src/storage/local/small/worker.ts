/** The entry of the thread that reads and stores small files for `FileWorker`. */
import { readFiles, storeFiles, type Job } from "./calls.ts";

declare const self: Worker;

self.addEventListener("message", ({ data: job }: MessageEvent<Job>) => {
  const done = job.kind === "read" ? readFiles(job) : storeFiles(job);
  self.postMessage(done, "bytes" in done ? [done.bytes.buffer] : []);
});
