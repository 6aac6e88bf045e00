import { describe, expect, test } from "bun:test";
import { expectProblem, store, type MakeGround } from "../ground.ts";

export function describeStat(make: MakeGround): void {
  describe("stat", () => {
    test("tells of the root as a folder", async () => {
      await using ground = await make();
      expect(await ground.storage.stat([])).toMatchObject({ type: "folder", size: 0, exec: false });
    });

    test("tells of a file its size, time and whether it is executable", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "b"], "12345", { mtime: 1_763_800_000_123, exec: true });
      await store(storage, ["a", "c"], "", { mtime: 1_000_000_000_001 });
      expect(await storage.stat(["a", "b"])).toEqual({
        type: "file",
        size: 5,
        mtime: 1_763_800_000_123,
        exec: true,
      });
      expect(await storage.stat(["a", "c"])).toEqual({
        type: "file",
        size: 0,
        mtime: 1_000_000_000_001,
        exec: false,
      });
    });

    test("tells of a folder, which is never executable and has no size", async () => {
      await using ground = await make();
      await ground.storage.makeFolder(["a", "b"]);
      expect(await ground.storage.stat(["a", "b"])).toMatchObject({
        type: "folder",
        size: 0,
        exec: false,
      });
    });

    test("finds nothing under a name, below a missing folder, or under a part of one", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["file"], "x");
      await expectProblem("not-found", () => storage.stat(["missing"]));
      await expectProblem("not-found", () => storage.stat(["missing", "file"]));
      await expectProblem("not-found", () => storage.stat(["fil"]));
    });

    test("does not look for something below a file", async () => {
      await using ground = await make();
      await store(ground.storage, ["file"], "x");
      await expectProblem("not-a-file", () => ground.storage.stat(["file", "x"]));
    });

    test("says where it lies", async () => {
      await using ground = await make();
      expect(ground.storage.location).not.toBe("");
    });
  });
}
