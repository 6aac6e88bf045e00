import { describe, expect, test } from "bun:test";
import { bytesOf, expectProblem, store, type MakeGround } from "../ground.ts";

export function describeRead(make: MakeGround): void {
  describe("open", () => {
    test("tells of the file what stat tells, and its path", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "123", { mtime: 1_600_000_000_999, exec: true });
      const source = await storage.open(["a", "f"]);
      const { path, size, mtime, exec } = source;
      await source.close();
      expect({ path, size, mtime, exec }).toEqual({
        path: ["a", "f"],
        size: 3,
        mtime: 1_600_000_000_999,
        exec: true,
      });
    });

    test("reads from any offset into several buffers", async () => {
      await using ground = await make();
      const { storage } = ground;
      const content = bytesOf(100_000);
      await store(storage, ["f"], content);
      const source = await storage.open(["f"]);
      const buffers = [Buffer.alloc(10), Buffer.alloc(70_000), Buffer.alloc(1)];
      expect(await source.read(20_000, buffers)).toBe(70_011);
      expect(Buffer.concat(buffers).equals(content.subarray(20_000, 90_011))).toBe(true);
      await source.close();
    });

    test("reads fewer bytes only at the end, and none behind it", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "0123456789");
      const source = await storage.open(["f"]);
      const buffers = [Buffer.alloc(4, "-"), Buffer.alloc(4, "-")];
      expect(await source.read(5, buffers)).toBe(5);
      expect(Buffer.concat(buffers).toString()).toBe("56789---");
      expect(await source.read(10, [Buffer.alloc(4)])).toBe(0);
      expect(await source.read(1_000, [Buffer.alloc(4)])).toBe(0);
      await source.close();
    });

    test("finds that nothing changed", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "x");
      const source = await storage.open(["f"]);
      await store(storage, ["other"], "x");
      await source.read(0, [Buffer.alloc(1)]);
      expect(await source.unchanged()).toBeUndefined();
      await source.close();
    });

    test("serves several readers of one file", async () => {
      await using ground = await make();
      const { storage } = ground;
      const content = bytesOf(50_000);
      await store(storage, ["f"], content);
      const sources = await Promise.all(Array.from({ length: 10 }, () => storage.open(["f"])));
      const read = await Promise.all(
        sources.map(async (source, index) => {
          const buffer = Buffer.alloc(5_000);
          await source.read(index * 5_000, [buffer]);
          await source.close();
          return buffer;
        }),
      );
      expect(Buffer.concat(read).equals(content)).toBe(true);
    });

    test("wants a file that is there", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "f"], "x");
      await expectProblem("not-found", () => storage.open(["missing"]));
      await expectProblem("not-found", () => storage.open(["missing", "f"]));
      await expectProblem("not-a-file", () => storage.open(["a", "f", "x"]));
      await expectProblem("not-a-file", () => storage.open(["a"]));
      await expectProblem("not-a-file", () => storage.open([]));
    });
  });
}
