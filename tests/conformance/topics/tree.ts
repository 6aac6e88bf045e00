import { describe, expect, test } from "bun:test";
import {
  expectProblem,
  listed,
  load,
  store,
  type Capabilities,
  type MakeGround,
} from "../ground.ts";

export function describeTree(make: MakeGround, { movesFolders }: Capabilities): void {
  describe("makeFolder", () => {
    test("makes a folder and those above it", async () => {
      await using ground = await make();
      const { storage } = ground;
      await storage.makeFolder(["a", "b", "c"]);
      await storage.makeFolder(["a", "d"]);
      expect(await listed(storage, [], true)).toEqual([
        "folder a",
        "folder a/b",
        "folder a/b/c",
        "folder a/d",
      ]);
    });

    test("refuses a name that is taken, and a file as a parent", async () => {
      await using ground = await make();
      const { storage } = ground;
      await storage.makeFolder(["a"]);
      await store(storage, ["f"], "x");
      await expectProblem("exists", () => storage.makeFolder(["a"]));
      await expectProblem("exists", () => storage.makeFolder(["f"]));
      await expectProblem("not-a-file", () => storage.makeFolder(["f", "x"]));
      expect((await load(storage, ["f"])).toString()).toBe("x");
    });
  });

  describe("delete", () => {
    test("deletes a file and an empty folder, and nothing else", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "x");
      await store(storage, ["a", "g"], "x");
      await storage.makeFolder(["a", "empty"]);
      await storage.delete(["a", "f"]);
      await storage.delete(["a", "empty"]);
      expect(await listed(storage, [], true)).toEqual(["file a/g", "folder a"]);
      await expectProblem("not-found", () => storage.delete(["a", "f"]));
    });

    test("refuses a folder that holds something", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "x");
      await expectProblem("not-empty", () => storage.delete(["a"]));
      expect(await listed(storage, [], true)).toEqual(["file a/f", "folder a"]);
    });

    test("refuses the root, also an empty one, and what is not there", async () => {
      await using ground = await make();
      const { storage } = ground;
      await expectProblem("name", () => storage.delete([]));
      await expectProblem("not-found", () => storage.delete(["missing"]));
      await expectProblem("not-found", () => storage.delete(["missing", "f"]));
      await store(storage, ["f"], "x");
      await expectProblem("not-a-file", () => storage.delete(["f", "x"]));
    });
  });

  describe("rename", () => {
    test("moves a file with all that is known of it", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "content", { mtime: 1_234_567_890_123, exec: true });
      await storage.makeFolder(["b"]);
      await storage.rename(["a", "f"], ["b", "g"]);
      expect(await listed(storage, [], true)).toEqual(["file b/g", "folder a", "folder b"]);
      expect((await load(storage, ["b", "g"])).toString()).toBe("content");
      expect(await storage.stat(["b", "g"])).toMatchObject({
        mtime: 1_234_567_890_123,
        exec: true,
      });
    });

    test.skipIf(movesFolders)("refuses a folder, and leaves it as it was", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "content");
      await expectProblem("denied", () => storage.rename(["a"], ["c"]));
      await expect(storage.rename(["a"], ["c"])).rejects.toThrow("is a folder");
      expect(await listed(storage, [], true)).toEqual(["file a/f", "folder a"]);
    });

    test.skipIf(!movesFolders)("moves a folder with all that it holds", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "b", "f"], "content");
      await storage.makeFolder(["a", "empty"]);
      await storage.rename(["a"], ["c"]);
      expect(await listed(storage, [], true)).toEqual([
        "file c/b/f",
        "folder c",
        "folder c/b",
        "folder c/empty",
      ]);
    });

    test("never puts one thing over another", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "f");
      await store(storage, ["g"], "g");
      await storage.makeFolder(["empty"]);
      await storage.makeFolder(["other"]);
      for (const from of ["f", "empty"]) {
        for (const to of ["g", "other"]) {
          await expectProblem("exists", () => storage.rename([from], [to]));
        }
      }
      await expectProblem("exists", () => storage.rename(["f"], ["f"]));
      expect(await listed(storage, [])).toEqual([
        "file f",
        "file g",
        "folder empty",
        "folder other",
      ]);
      expect((await load(storage, ["g"])).toString()).toBe("g");
    });

    test("refuses to move a folder into itself", async () => {
      await using ground = await make();
      const { storage } = ground;
      await storage.makeFolder(["a", "b"]);
      await expectProblem("name", () => storage.rename(["a"], ["a", "c"]));
      await expectProblem("name", () => storage.rename(["a"], ["a", "b", "c"]));
      await expect(storage.rename(["a"], ["a", "c"])).rejects.toThrow("into itself");
      expect(await listed(storage, [], true)).toEqual(["folder a", "folder a/b"]);
    });

    test.skipIf(!movesFolders)(
      "does not take a name that only begins alike for the folder itself",
      async () => {
        await using ground = await make();
        const { storage } = ground;
        await storage.makeFolder(["a"]);
        await storage.makeFolder(["ab"]);
        await storage.rename(["a"], ["ab", "a"]);
        expect(await listed(storage, [], true)).toEqual(["folder ab", "folder ab/a"]);
      },
    );

    test("makes no folders, and finds none that is missing", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "x");
      await expectProblem("not-found", () => storage.rename(["f"], ["missing", "f"]));
      await expectProblem("not-found", () => storage.rename(["missing"], ["g"]));
      await expectProblem("not-found", () => storage.rename(["missing", "f"], ["g"]));
      await expectProblem("not-a-file", () => storage.rename(["f"], ["f", "g"]));
      expect(await listed(storage, [], true)).toEqual(["file f"]);
    });

    test("refuses the root", async () => {
      await using ground = await make();
      await store(ground.storage, ["f"], "x");
      await expectProblem("name", () => ground.storage.rename([], ["a"]));
      await expectProblem("name", () => ground.storage.rename(["f"], []));
    });
  });
}
