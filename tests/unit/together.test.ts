import { describe, expect, test } from "bun:test";
import { Body, type Job } from "../../src/server/job.ts";
import { Room } from "../../src/server/queue.ts";
import { gather } from "../../src/server/together.ts";

function get(path: string, offset?: number): Job {
  const keys = offset === undefined ? {} : { offset };
  const request = { verb: "GET", path: path.split("/"), keys } as const;
  return { asked: { type: "request", request }, body: undefined, cancelled: false };
}

function put(path: string, keys: object = { size: 1 }, come: "whole" | "part" = "whole"): Job {
  const body = new Body(new Room(1024 * 1024));
  void body.put({ type: "block", data: Buffer.from("x"), digest: undefined });
  if (come === "whole") void body.put({ type: "end", digest: undefined });
  const request = { verb: "PUT", path: path.split("/"), keys } as const;
  return { asked: { type: "request", request }, body, cancelled: false };
}

/** So many at the most. */
const MOST = 64;

/** How many of those that wait are carried out with the first. */
function gathered(first: Job, ...waiting: Job[]): number {
  const { jobs } = gather(first, MOST, (wanted) => {
    const [next] = waiting;
    return next !== undefined && wanted(next) ? waiting.shift() : undefined;
  });
  expect(jobs[0]).toBe(first);
  return jobs.length;
}

describe("requests of small files are carried out together", () => {
  test.each([
    ["GETs, of the same file too", get("a"), [get("b"), get("a"), get("a/b")], 4],
    ["one GET alone", get("a"), [], 1],
    ["no GET that goes on", get("a"), [get("b", 262_144)], 1],
    ["nothing of another kind", get("a"), [put("b"), get("c")], 1],
    ["PUTs", put("a"), [put("b"), put("c/d")], 3],
    ["no PUT in the way of one before", put("a"), [put("b"), put("A"), put("c")], 2],
    ["no PUT into what one before makes a file", put("a"), [put("a/b")], 1],
    ["no PUT over the folder of one before", put("a/b"), [put("a")], 1],
    ["no PUT that has not come whole", put("a"), [put("b", { size: 1 }, "part")], 1],
    ["no PUT of a part", put("a"), [put("b", { size: 1, part: "0".repeat(32) })], 1],
    ["no PUT with a condition", put("a"), [put("b", { size: 1, if: "absent" })], 1],
    ["no PUT of a file that is not small", put("a"), [put("b", { size: 16_385 })], 1],
    ["no PUT of unknown size", put("a"), [put("b", {})], 1],
    ["nothing that is cancelled", get("a"), [{ ...get("b"), cancelled: true }], 1],
  ] as const)("%s", (_, first, waiting, expected) => {
    expect(gathered(first, ...waiting)).toBe(expected);
  });

  test.each([
    [3, 64],
    [30, 64],
    [100, 16],
    [499, 4],
    [512, 3],
  ])("in folders %d deep at the most %d, so that others do not wait for long", (depth, most) => {
    const folder = "d/".repeat(depth);
    for (const job of [put, get]) {
      const all = Array.from({ length: 100 }, (_, index) => job(`${folder}f${index}`));
      const [first = get("none"), ...rest] = all;
      expect(gathered(first, ...rest)).toBe(most);
    }
  });

  test("at the most 64", () => {
    const all = Array.from({ length: 100 }, (_, index) => put(`f${index}`));
    const [first = get("none"), ...rest] = all;
    expect(gathered(first, ...rest)).toBe(64);
  });
});
