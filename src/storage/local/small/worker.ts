/** The entry of the thread that reads, stores and lists small files for `FileWorker`. */
import { readFiles, storeFiles } from "./calls.ts";
import type { Job, JobDone } from "./jobs.ts";
import { listFolders } from "./list-calls.ts";

declare const self: Worker;

function doneOf(job: Job): JobDone {
  switch (job.kind) {
    case "read":
      return readFiles(job);
    case "store":
      return storeFiles(job);
    case "list":
      return listFolders(job);
  }
}

self.addEventListener("message", ({ data: job }: MessageEvent<Job>) => {
  const done = doneOf(job);
  self.postMessage(done, "bytes" in done ? [done.bytes.buffer] : []);
});
