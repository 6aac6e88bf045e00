import { describe, expect, test } from "bun:test";
import type { Job } from "../../src/server/job.ts";
import { Lanes, type Turn } from "../../src/server/lanes.ts";
import { gather } from "../../src/server/together.ts";

describe("Lanes", () => {
  function job(verb: "GET" | "STAT" | "PUT" | "DELETE" | "MKDIR", path: string, size = 1): Job {
    const keys = verb === "PUT" ? { size } : {};
    return {
      asked: { type: "request", request: { verb, path: path === "" ? [] : path.split("/"), keys } },
      body: undefined,
      cancelled: false,
    };
  }

  /** Whether the second is begun while the first is carried out. */
  async function areTogether(first: Job, second: Job, names = true): Promise<boolean> {
    const lanes = new Lanes();
    lanes.widen({ requests: 8, uploadSize: 1024, names });
    const end = Promise.withResolvers<void>();
    lanes.begin([first], () => end.promise);
    let begun = false;
    const room = lanes.room(second).then(() => (begun = true));
    await new Promise((resolve) => setImmediate(resolve));
    const together = begun;
    end.resolve();
    await room;
    return together;
  }

  test.each([
    ["GET", "a", "GET", "a", true],
    ["PUT", "a", "PUT", "b", true],
    ["PUT", "a/f", "GET", "a/g", true],
    ["DELETE", "a/f", "DELETE", "a/g", true],
    ["PUT", "a", "GET", "a", false],
    ["GET", "a", "PUT", "a", false],
    ["PUT", "a", "PUT", "a/b", false],
    ["PUT", "a", "PUT", "A", false],
    ["GET", "a/\u00e9", "DELETE", "A/e\u0301", false],
    ["DELETE", "a/f", "DELETE", "a", false],
    ["STAT", "a", "PUT", "b", true],
    ["STAT", "", "PUT", "a", false],
    ["PUT", "a", "STAT", "", false],
    ["MKDIR", "a", "GET", "b", false],
    ["GET", "b", "MKDIR", "a", false],
  ] as const)("%s %s and %s %s are carried out together: %p", async (v1, p1, v2, p2, together) => {
    expect(await areTogether(job(v1, p1), job(v2, p2))).toBe(together);
  });

  test("looks at names and deletes them one by one where the storage gains nothing by it", async () => {
    expect(await areTogether(job("STAT", "a"), job("GET", "b"), false)).toBe(false);
    expect(await areTogether(job("GET", "a"), job("DELETE", "b"), false)).toBe(false);
    expect(await areTogether(job("GET", "a"), job("PUT", "b"), false)).toBe(true);
  });

  test("carries out one by one until more is allowed", async () => {
    const lanes = new Lanes();
    const end = Promise.withResolvers<void>();
    lanes.begin([job("GET", "a")], () => end.promise);
    let room = false;
    const waiting = lanes.room(job("GET", "b")).then(() => (room = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    end.resolve();
    await waiting;
  });

  test("stores large files one after the other", async () => {
    expect(await areTogether(job("PUT", "a", 2 ** 30), job("PUT", "b"))).toBe(false);
    expect(await areTogether(job("PUT", "a"), job("PUT", "b", 2 ** 30))).toBe(false);
  });

  test("gives turns in the order of beginning, and no more room than there is", async () => {
    const lanes = new Lanes();
    lanes.widen({ requests: 2, uploadSize: 1024, names: true });
    const turns: Turn[] = [];
    const ends = [0, 1].map(() => Promise.withResolvers<void>());
    for (const [index, end] of ends.entries()) {
      lanes.begin([job("GET", `f${index}`)], (turn) => {
        turns.push(turn);
        return end.promise;
      });
    }
    expect(turns.map(({ isNow }) => isNow)).toEqual([true, false]);
    let room = false;
    const waiting = lanes.room(job("GET", "f2")).then(() => (room = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    ends[1]?.resolve();
    await waiting;
    expect(room).toBe(true);
    expect(turns[1]?.isNow).toBe(false);
    ends[0]?.resolve();
    await turns[1]?.come;
    expect(turns[1]?.isNow).toBe(true);
    await lanes.settle();
    expect(lanes.busy).toBe(false);
  });

  test("counts each of those that are carried out as one, and minds what each touches", async () => {
    const lanes = new Lanes();
    lanes.widen({ requests: 3, uploadSize: 1024, names: true });
    const end = Promise.withResolvers<void>();
    lanes.begin([job("PUT", "a/f"), job("PUT", "b")], () => end.promise);
    expect(lanes.hasRoom(job("GET", "c"))).toBe(true);
    for (const path of ["a/f", "b", "a", "B", "b/f"]) {
      expect(lanes.hasRoom(job("GET", path))).toBe(false);
    }
    lanes.begin([job("GET", "c")], () => end.promise);
    let room = false;
    const waiting = lanes.anyRoom().then(() => (room = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    end.resolve();
    await waiting;
    await lanes.settle();
    expect(lanes.hasRoom(job("MKDIR", "a"))).toBe(true);
    expect(lanes.busy).toBe(false);
  });

  test.each([
    ["many are carried out as one", 1, 128],
    ["deep they lie", 480, 8],
  ])("carries out no more at once than may be, however %s", async (_, depth, limit) => {
    const lanes = new Lanes();
    lanes.widen({ requests: 128, together: 64, uploadSize: 1024, names: true });
    const folder = "d/".repeat(depth - 1);
    const waiting = Array.from({ length: 500 }, (_, index) => job("GET", `${folder}f${index}`));
    let running = 0;
    let most = 0;
    const isLeft = (): boolean => waiting.length > 0 || running > 0;
    const ends: (() => void)[] = [];
    const begin = (jobs: readonly Job[]): void => {
      const end = Promise.withResolvers<void>();
      running += jobs.length;
      most = Math.max(most, running);
      lanes.begin(jobs, () => end.promise.then(() => void (running -= jobs.length)));
      ends.push(end.resolve);
    };
    // The first few come by themselves, the others while they are carried out.
    for (const count of [1, limit / 2 - 2]) {
      await lanes.anyRoom();
      begin(waiting.splice(0, count));
    }
    const feeding = (async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await lanes.room(next);
        const { jobs } = gather(next, lanes.together, (wanted) => {
          const [first] = waiting;
          return first !== undefined && lanes.hasRoom(first) && wanted(first)
            ? waiting.shift()
            : undefined;
        });
        begin(jobs);
      }
    })();
    while (isLeft()) {
      await new Promise((resolve) => setImmediate(resolve));
      ends.shift()?.();
    }
    await feeding;
    expect(most).toBeLessThanOrEqual(limit);
    expect(most).toBeGreaterThan(limit / 2);
  });
});
