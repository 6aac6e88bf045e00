import { describe, expect, test } from "bun:test";
import { problemOf, load, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const ROUNDS = 300;

describe("LocalStorage: moves at the same time", () => {
  test(`lose none of ${ROUNDS} files that were stored where one of them led`, async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    const lost: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await store(storage, ["x"], "moved");
      const sink = await storage.create(["y"], {});
      await sink.write(Buffer.from("stored"));
      const [toY, toZ] = await Promise.all([
        problemOf(() => storage.rename(["x"], ["y"])),
        problemOf(() => storage.rename(["x"], ["z"])),
        sink.commit({}),
      ]);
      const found = (await ground.holds(["y"])) ? (await load(storage, ["y"])).toString() : "none";
      if (found !== "stored") lost.push(`round ${round}: ${found}, y ${toY}, z ${toZ}`);
      for (const name of ["x", "y", "z"]) await problemOf(() => storage.delete([name]));
    }
    expect(lost).toEqual([]);
  }, 240_000);
});
