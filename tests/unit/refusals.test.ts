import { expect, test } from "bun:test";
import { Refusals } from "../../src/server/refusals.ts";

test("the first is told at once, the others once in ten seconds, and none is lost", () => {
  const told: string[] = [];
  const refusals = new Refusals<"a" | "b">((reason, client, count) => {
    told.push(`${reason} ${client} ${count}`);
  });
  refusals.add("a", "first", 0);
  for (let at = 1; at <= 5000; at++) {
    refusals.add("a", `c${at}`, at);
    refusals.check(at);
  }
  refusals.add("b", "other", 5000);
  expect(told.splice(0)).toEqual(["a first 1", "b other 1"]);
  refusals.check(10_000);
  refusals.check(10_001);
  expect(told.splice(0)).toEqual(["a c5000 5000"]);
  refusals.add("a", "later", 10_002);
  refusals.end();
  expect(told.splice(0)).toEqual(["a later 1"]);
  // After ten quiet seconds the next one is told at once again.
  refusals.check(40_000);
  refusals.check(60_000);
  refusals.add("b", "again", 60_001);
  expect(told).toEqual(["b again 1"]);
});
