/** The entry of the thread that reads and stores small files for `FileWorker`. */
import { parentPort } from "node:worker_threads";
import { readFiles, storeFiles, type Job } from "./calls.ts";

const port = parentPort;
port?.on("message", (job: Job) => {
  const done = job.kind === "read" ? readFiles(job) : storeFiles(job);
  port.postMessage(done, "bytes" in done ? [done.bytes.buffer] : []);
});
