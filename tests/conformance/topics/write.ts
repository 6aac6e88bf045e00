import { describe, expect, test } from "bun:test";
import {
  bytesOf,
  expectProblem,
  listed,
  load,
  store,
  type Capabilities,
  type MakeGround,
} from "../ground.ts";

export function describeWrite(make: MakeGround, { repeats }: Capabilities): void {
  describe("create", () => {
    test("shows a file under its name only when it is committed", async () => {
      await using ground = await make();
      const { storage } = ground;
      const sink = await storage.create(["a", "b", "f"], {});
      await sink.write(Buffer.from("content"));
      await expectProblem("not-found", () => storage.stat(["a", "b", "f"]));
      await expectProblem("not-found", () => storage.open(["a", "b", "f"]));
      await sink.commit({});
      expect((await load(storage, ["a", "b", "f"])).toString()).toBe("content");
    });

    test("makes the folders that are missing, and none before the commit", async () => {
      await using ground = await make();
      const { storage } = ground;
      const sink = await storage.create(["a", "b", "f"], {});
      expect(await ground.holds(["a"])).toBe(false);
      await sink.commit({});
      expect(await listed(storage, [], true)).toEqual(["file a/b/f", "folder a", "folder a/b"]);
    });

    test("replaces a file in one step, and leaves it as it was until then", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "old and longer", { exec: true });
      const sink = await storage.create(["f"], {});
      await sink.write(Buffer.from("new"));
      expect((await load(storage, ["f"])).toString()).toBe("old and longer");
      await sink.commit({});
      expect((await load(storage, ["f"])).toString()).toBe("new");
      expect(await storage.stat(["f"])).toMatchObject({ size: 3, exec: false });
    });

    test("leaves nothing after abort, and an old file as it was", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["old"], "old", { mtime: 5 });
      for (const path of [["old"], ["new"], ["folder", "new"]]) {
        const sink = await storage.create(path, {});
        await sink.write(bytesOf(3_000_000));
        await sink.abort();
        await sink.abort();
      }
      expect(await listed(storage, [], true)).toEqual(["file old"]);
      expect((await load(storage, ["old"])).toString()).toBe("old");
      expect((await storage.stat(["old"])).mtime).toBe(5);
    });

    test("does nothing on abort after commit", async () => {
      await using ground = await make();
      const { storage } = ground;
      const sink = await storage.create(["f"], {});
      await sink.write(Buffer.from("kept"));
      const committed = sink.commit({});
      await sink.abort();
      await committed;
      await sink.abort();
      expect((await load(storage, ["f"])).toString()).toBe("kept");
    });

    test("keeps bytes in order, however they are cut", async () => {
      await using ground = await make();
      const { storage } = ground;
      const content = bytesOf(5_000_000);
      const sink = await storage.create(["f"], { size: content.length });
      const lengths = [1, 0, 7, 65_536, 1_048_576, 3, 1_048_575, 262_144];
      for (let at = 0, turn = 0; at < content.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1;
        await sink.write(content.subarray(at, at + length));
        at += length;
      }
      await sink.commit({});
      expect((await load(storage, ["f"])).equals(content)).toBe(true);
    });

    test("takes thousands of single bytes", async () => {
      await using ground = await make();
      const { storage } = ground;
      const content = bytesOf(5_000);
      const sink = await storage.create(["f"], {});
      for (let at = 0; at < content.length; at++) await sink.write(content.subarray(at, at + 1));
      await sink.commit({});
      expect((await load(storage, ["f"])).equals(content)).toBe(true);
    });

    test.each([0, 1, 999, 1_000, 1_763_800_000_123, 2_147_483_648_001, 4_102_444_800_999])(
      "keeps the time %d to the millisecond",
      async (mtime) => {
        await using ground = await make();
        await store(ground.storage, ["f"], "x", { mtime });
        expect((await ground.storage.stat(["f"])).mtime).toBe(mtime);
      },
    );

    test("keeps every millisecond of a second", async () => {
      await using ground = await make();
      const { storage } = ground;
      const wrong: number[] = [];
      for (
        let mtime = 1_763_800_000_000;
        mtime < 1_763_800_001_000;
        mtime += Math.ceil(7 / repeats)
      ) {
        await store(storage, ["f"], "", { mtime });
        if ((await storage.stat(["f"])).mtime !== mtime) wrong.push(mtime);
      }
      expect(wrong).toEqual([]);
    });

    test("stores a file whose time no system can hold", async () => {
      await using ground = await make();
      await store(ground.storage, ["f"], "x", { mtime: Number.MAX_SAFE_INTEGER });
      const { mtime } = await ground.storage.stat(["f"]);
      expect(mtime).toBeGreaterThan(4_102_444_800_000);
      expect(Number.isSafeInteger(mtime)).toBe(true);
    });

    test("takes the time of storing where none is given", async () => {
      await using ground = await make();
      const before = Date.now();
      await store(ground.storage, ["f"], "x");
      const { mtime } = await ground.storage.stat(["f"]);
      // A file system's clock may be some ticks behind.
      expect(mtime).toBeGreaterThan(before - 2_000);
      expect(mtime).toBeLessThanOrEqual(Date.now() + 2_000);
    });

    test("refuses a file where a folder is, at once and at the commit", async () => {
      await using ground = await make();
      const { storage } = ground;
      await storage.makeFolder(["a"]);
      await expectProblem("not-a-file", () => storage.create(["a"], {}));
      const sink = await storage.create(["b"], {});
      await store(storage, ["b", "inside"], "x");
      await expectProblem("not-a-file", () => sink.commit({}));
      expect(await listed(storage, [], true)).toEqual(["file b/inside", "folder a", "folder b"]);
    });

    test("refuses a folder where a file is, at once and at the commit", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a"], "old");
      await expectProblem("not-a-file", () => storage.create(["a", "f"], {}));
      const sink = await storage.create(["b", "f"], {});
      await store(storage, ["b"], "old");
      await expectProblem("not-a-file", () => sink.commit({}));
      expect((await load(storage, ["b"])).toString()).toBe("old");
    });

    test("with absent refuses a file that is there, at once and at the commit", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["old"], "old");
      await expectProblem("exists", () => storage.create(["old"], { absent: true }));
      const sink = await storage.create(["new"], { absent: true });
      await sink.write(Buffer.from("late"));
      await store(storage, ["new"], "early");
      await expectProblem("exists", () => sink.commit({}));
      expect((await load(storage, ["new"])).toString()).toBe("early");
      expect(await listed(storage, [], true)).toEqual(["file new", "file old"]);
    });

    test("with absent stores a file that is not there", async () => {
      await using ground = await make();
      await store(ground.storage, ["a", "f"], "x", { absent: true, mtime: 5, exec: true });
      expect(await ground.storage.stat(["a", "f"])).toEqual({
        type: "file",
        size: 1,
        mtime: 5,
        exec: true,
      });
    });

    test("leaves nothing behind when it is closed after its last file", async () => {
      await using ground = await make();
      const storage = await ground.again();
      await store(storage, ["f"], "x");
      const sink = await storage.create(["g"], {});
      await sink.abort();
      await storage.close();
      expect(await ground.holds([".sftp-staging"])).toBe(false);
    });
  });
}
