import { expect, test } from "bun:test";
import type { ReadJob } from "../../src/storage/local/small/jobs.ts";
import { FileWorker } from "../../src/storage/local/small/file-worker.ts";

/** A thread that hangs with each job, as in a call of the system, until it is let go. */
function stuckThread(gate: SharedArrayBuffer): Worker {
  const source = `
    let gate;
    self.addEventListener("message", ({ data }) => {
      if (data instanceof SharedArrayBuffer) return void (gate = new Int32Array(data));
      Atomics.wait(gate, 0, 0);
      self.postMessage({ files: new Float64Array(0), bytes: new Uint8Array(0) });
    });`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  worker.postMessage(gate, []);
  return worker;
}

/** A thread that does this with its job of that number; others it answers with nothing. */
function threadThat(source: string, number = 1): Worker {
  const answer = "self.postMessage({ files: new Float64Array(0), bytes: new Uint8Array(0) })";
  const all = `let n = 0; self.addEventListener("message", () => { if (++n === ${number}) { ${source} } ${answer}; });`;
  return new Worker(URL.createObjectURL(new Blob([all])));
}

const NOTHING = { files: new Float64Array(0), bytes: new Uint8Array(0) };
const JOB: ReadJob = { kind: "read", root: "/", folders: [{ parents: [], count: 1 }], names: "f" };

test("a job that hangs holds up nobody but the one that it is done for", async () => {
  const gate = new SharedArrayBuffer(4);
  const worker = new FileWorker(() => stuckThread(gate));
  let answered = false;
  const hanging = worker.read(JOB).then((done) => {
    answered = true;
    return done;
  });
  const behind = worker.read(JOB);
  // Those that waited are told that it is not to be had, and so is everybody from then on.
  expect(await behind).toBeUndefined();
  expect(await worker.read(JOB)).toBeUndefined();
  expect(answered).toBe(false);

  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  expect(await hanging).toEqual({ files: new Float64Array(0), bytes: new Uint8Array(0) });
  // It is used again.
  expect(await worker.read(JOB)).toEqual({ files: new Float64Array(0), bytes: new Uint8Array(0) });
});

test.each([
  ["throws", 'throw new Error("trouble");', "trouble"],
  ["ends", "process.exit(0);", "it has ended"],
])("a thread that %s during a job leaves all to the ordinary way", async (_, source, why) => {
  const told: string[] = [];
  const worker = new FileWorker(() => threadThat(source));
  worker.onDeath = (reason) => told.push(reason);
  const during = worker.read(JOB);
  const behind = worker.read(JOB);
  expect(await during).toBeUndefined();
  expect(await behind).toBeUndefined();
  expect(await worker.read(JOB)).toBeUndefined();
  expect(worker.isRunning).toBe(false);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(why);
});

test("after a while another thread is tried, and its death is told if it had answered", async () => {
  const told: string[] = [];
  const threads = [threadThat("throw 1;"), threadThat("throw 2;"), threadThat("throw 3;", 2)];
  const worker = new FileWorker(() => threads.shift() ?? threadThat(""), 0);
  worker.onDeath = () => told.push("died");
  expect(await worker.read(JOB)).toBeUndefined();
  expect(await worker.read(JOB)).toBeUndefined();
  expect(told).toHaveLength(1);
  expect(await worker.read(JOB)).toEqual(NOTHING);
  expect(await worker.read(JOB)).toBeUndefined();
  expect(told).toHaveLength(2);
  expect(await worker.read(JOB)).toEqual(NOTHING);
});

test("a start that fails leaves all to the ordinary way, and is told", async () => {
  const told: string[] = [];
  const worker = new FileWorker(() => {
    throw new Error("no more threads");
  });
  worker.onDeath = (why) => told.push(why);
  expect(await worker.read(JOB)).toBeUndefined();
  expect(await worker.read(JOB)).toBeUndefined();
  expect(told).toEqual(["no more threads"]);
});

test("a thread that cannot be started leaves all to the ordinary way", async () => {
  const worker = new FileWorker(() => new Worker("/nonexistent/worker.ts"));
  expect(await worker.read(JOB)).toBeUndefined();
  expect(await worker.read(JOB)).toBeUndefined();
});
