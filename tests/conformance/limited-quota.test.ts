import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { LimitedStorage } from "../../src/storage/limited/storage.ts";
import { Quota } from "../../src/storage/limited/quota.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { BLOCK_SIZE } from "../../src/storage/read-blocks.ts";
import { bytesOf, expectProblem, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const TOTAL = 10_000;

async function full(size: number, ...storages: LimitedStorage[]): Promise<void> {
  for (const storage of storages) {
    await expectProblem("quota", () => storage.create(["too-large"], { size: size + 1 }));
    const sink = await storage.create(["just-right"], { size });
    await sink.abort();
  }
}

test("folders inside the root share its quota", async () => {
  await using ground = await LocalGround.make();
  const quota = new Quota(ground.storage, { total: TOTAL });
  const whole = new LimitedStorage(ground.storage, quota);
  await whole.makeFolder(["anna"]);
  const inside = await LocalStorage.open(ground.at("anna"), { make: false });
  const anna = new LimitedStorage(inside, quota);
  await store(anna, ["f"], bytesOf(4000));
  await store(whole, ["f"], bytesOf(1000));
  await full(5000, whole, anna);
  await whole.delete(["anna", "f"]);
  await full(9000, whole, anna);
  await quota.recount();
  await full(9000, whole, anna);
  await inside.close();
});

test("recount() finds what others have changed, and leaves alone what is being written", async () => {
  await using ground = await LocalGround.make();
  await ground.plant(["a"], bytesOf(3000));
  const quota = new Quota(ground.storage, { total: TOTAL });
  const storage = new LimitedStorage(ground.storage, quota);
  await full(7000, storage);
  await rm(ground.at("a"));
  await ground.plant(["deep", "er", "b"], bytesOf(1000));
  await full(7000, storage);
  await quota.recount();
  await full(9000, storage);
  const sink = await storage.create(["c"], { size: 5000 });
  await quota.recount();
  await full(4000, storage);
  await sink.write(bytesOf(5000));
  await sink.commit({});
  await full(4000, storage);
});

test("what fails gives its room back", async () => {
  await using ground = await LocalGround.make();
  const quota = new Quota(ground.storage, { total: TOTAL, file: 6000 });
  const storage = new LimitedStorage(ground.storage, quota);
  await store(storage, ["f"], bytesOf(1000));
  await expectProblem("exists", () => storage.create(["f"], { size: 5000, absent: true }));
  const late = await storage.create(["late"], { size: 5000, absent: true });
  await ground.plant(["late"], bytesOf(0));
  await late.write(bytesOf(5000));
  await expectProblem("exists", () => late.commit({}));
  await late.abort();
  const sink = await storage.create(["g"], {});
  await sink.write(bytesOf(6000));
  await expectProblem("quota", async () => sink.write(bytesOf(1)));
  expect(await sink.keep()).toBe(0);
  await expectProblem("not-found", () => storage.delete(["none"]));
  await full(6000, storage);
  await store(storage, ["h"], bytesOf(6000));
  await full(3000, storage);
});

test("small files that are stored together are counted, with what they replace", async () => {
  await using ground = await LocalGround.make();
  const quota = new Quota(ground.storage, { total: TOTAL, file: 2000 });
  const storage = new LimitedStorage(ground.storage, quota);
  const file = (name: string, size: number) => ({
    path: [name],
    content: bytesOf(size),
    attributes: {},
  });
  const few = Array.from({ length: 8 }, (_, index) => file(`f${index}`, 1000));
  expect(await storage.storeSmall?.(few)).toEqual(few.map(() => 0));
  await full(2000, storage);
  const more = [file("f0", 500), file("new", 2001), file("a", 1000), file("b", 1001)];
  expect(await storage.storeSmall?.(more)).toEqual([1000, undefined, 0, undefined]);
  await full(1500, storage);
  await ground.plant(["folder", "f"], bytesOf(1));
  expect(await storage.storeSmall?.([file("folder", 1500)])).toEqual([undefined]);
  await full(1500, storage);
  await quota.recount();
  await full(1499, storage);
});

test("what was left in another's folder makes room, and is not removed in vain", async () => {
  await using ground = await LocalGround.make();
  const quota = new Quota(ground.storage, { total: 4 * BLOCK_SIZE });
  const whole = new LimitedStorage(ground.storage, quota);
  await whole.makeFolder(["anna"]);
  const inside = await LocalStorage.open(ground.at("anna"), { make: false });
  const anna = new LimitedStorage(inside, quota);
  const left = await anna.create(["f"], {
    part: { id: "1".repeat(32), onTaken: () => undefined },
    by: "anna",
  });
  await left.write(bytesOf(3 * BLOCK_SIZE));
  expect(await left.keep()).toBe(3 * BLOCK_SIZE);
  await expectProblem("quota", () => whole.create(["g"], { size: 4 * BLOCK_SIZE + 1 }));
  expect(await inside.leftovers()).toHaveLength(1);
  const one = await whole.create(["g"], { size: BLOCK_SIZE });
  expect(await inside.leftovers()).toHaveLength(1);
  const two = await whole.create(["h"], { size: 2 * BLOCK_SIZE });
  expect(await inside.leftovers()).toEqual([]);
  await expectProblem("quota", () => whole.create(["i"], { size: BLOCK_SIZE + 1 }));
  for (const sink of [one, two]) await sink.abort();
  await full(4 * BLOCK_SIZE, whole, anna);
  await inside.close();
});

test("of two that need room at once the second does not drop what the first has made enough of", async () => {
  await using ground = await LocalGround.make();
  const quota = new Quota(ground.storage, { total: TOTAL });
  await quota.ready();
  quota.take(["there"], TOTAL);
  const gate = Promise.withResolvers<void>();
  const bytes = 2000;
  const left = new Set(["old", "young"]);
  const { storage } = ground;
  storage.leftovers = async () =>
    [...left].map((name) => ({
      bytes,
      age: name === "old" ? 2 : 1,
      remove: async () => {
        if (!left.delete(name)) return 0;
        await gate.promise;
        return bytes;
      },
    }));
  quota.cover(storage);
  const both = [quota.takeOrDrop(["a"], 1000, 0), quota.takeOrDrop(["b"], 1000, 0)];
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  await Promise.all(both);
  expect([...left]).toEqual(["young"]);
  expect(quota.fits(0)).toBe(true);
  expect(quota.fits(1)).toBe(false);
});
