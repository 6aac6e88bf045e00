import { expect, test } from "bun:test";
import type { ServerEvent } from "../../src/observe/events.ts";
import { Carrier, type Gathered } from "../../src/server/carrier.ts";
import { Body, type Job } from "../../src/server/job.ts";
import type { CarrierContext } from "../../src/server/job-exchange.ts";
import { Turn } from "../../src/server/lanes.ts";
import { Room } from "../../src/server/queue.ts";

function job(verb: "GET" | "PUT", name: string): Job {
  const body = verb === "PUT" ? new Body(new Room(1024)) : undefined;
  return {
    asked: { type: "request", request: { verb, path: [name], keys: {} } },
    body,
    cancelled: false,
  };
}

/** Small files that were moved together, and whose replies leave when `drained` settles. */
function group(verb: "GET" | "PUT", drained: Promise<void>) {
  const events: ServerEvent[] = [];
  const written: unknown[] = [];
  const parts = {
    connection: {
      remote: "c",
      write: (bytes: unknown) => written.push(bytes),
      drained: () => drained,
    },
    intake: { answered: () => undefined },
    keepAlive: { begin: () => undefined, end: () => undefined },
    admitted: () => undefined,
    observe: (event: ServerEvent) => events.push(event),
    onInternalError: (error: unknown) => {
      throw error;
    },
  };
  const jobs = ["a", "b"].map((name) => job(verb, name));
  const direction = verb === "GET" ? "sent" : "received";
  const moved = (path: string) => ({ direction, path: [path], bytes: 1, digest: 0n }) as const;
  const answers = ["a", "b"].map((name) => ({ pieces: [name], moved: moved(name) }));
  const gathered = { jobs, carryOut: async () => answers, asker: { storage: {} } };
  // The carrier uses no more of them for this.
  const carrier = new Carrier(parts as unknown as CarrierContext);
  const done = carrier.carryOut(gathered as unknown as Gathered, Turn.now());
  return { events, written, done };
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("small files that are sent together are told of when they are sent, with their time", async () => {
  const drained = Promise.withResolvers<void>();
  const { events, written, done } = group("GET", drained.promise);
  await quiet();
  expect(written).toHaveLength(1);
  expect(events).toEqual([]);
  const until = performance.now() + 5;
  while (performance.now() < until) await quiet();
  drained.resolve();
  await done;
  expect(events).toMatchObject([
    { event: "transferred", direction: "sent", path: "a", client: "c" },
    { event: "transferred", direction: "sent", path: "b" },
  ]);
  for (const event of events) expect("seconds" in event && event.seconds).toBeGreaterThan(0.005);
});

test("of a connection that is lost meanwhile only what is stored is told as transferred", async () => {
  const lost = (): Promise<void> => Promise.reject(new Error("lost"));
  const sent = group("GET", lost());
  await sent.done;
  expect(sent.events).toMatchObject([
    { event: "failed", verb: "GET", path: "a", code: 426, word: "aborted" },
    { event: "failed", verb: "GET", path: "b" },
  ]);
  const stored = group("PUT", lost());
  await stored.done;
  expect(stored.events).toMatchObject([
    { event: "transferred", direction: "received", path: "a" },
    { event: "transferred", direction: "received", path: "b" },
  ]);
});
