import { describe, expect, test } from "bun:test";
import { StorageError } from "../../../src/storage/errors.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import {
  bytesOf,
  listed,
  load,
  problemOf,
  store,
  type Capabilities,
  type MakeGround,
} from "../ground.ts";

const NUMBERS = Array.from({ length: 20 }, (_, index) => index);

/** Runs something twenty times at once, half of it as another process would. */
async function twenty<T>(
  [one, other]: readonly [Storage, Storage],
  use: (storage: Storage, index: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(NUMBERS.map((index) => use(index % 2 === 0 ? one : other, index)));
}

export function describeConcurrency(
  make: MakeGround,
  { movesFolders, repeats }: Capabilities,
): void {
  const movable = movesFolders ? ["file", "folder"] : ["file"];
  describe("at once", () => {
    test("two writers to one name: the file is one of both, whole", async () => {
      await using ground = await make();
      const { storage } = ground;
      const contents = [bytesOf(1_500_000, 1), bytesOf(1_400_000, 2)];
      const sinks = await Promise.all(contents.map(() => storage.create(["a", "f"], {})));
      for (let at = 0; at < 1_500_000; at += 100_000) {
        for (const [index, sink] of sinks.entries()) {
          await sink.write((contents[index] ?? Buffer.alloc(0)).subarray(at, at + 100_000));
        }
      }
      await Promise.all(sinks.map((sink) => sink.commit({})));
      const stored = await load(storage, ["a", "f"]);
      expect(contents.filter((content) => content.equals(stored))).toHaveLength(1);
      expect(await listed(storage, [], true)).toEqual(["file a/f", "folder a"]);
    });

    test("twenty writers, from two processes, to one name: readers see whole files only", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], bytesOf(300_000, 100));
      const contents = NUMBERS.map((seed) => bytesOf(300_000, seed));
      const writing = { on: true };
      const seen = new Set<string>();
      const reading = (async () => {
        while (writing.on) seen.add(String(Bun.hash.xxHash3(await load(storage, ["f"]))));
      })();
      const other = await ground.again();
      await twenty([storage, other], (storage, index) =>
        store(storage, ["f"], contents[index] ?? ""),
      );
      writing.on = false;
      await reading;
      const known = new Set(
        [...contents, bytesOf(300_000, 100)].map((content) => String(Bun.hash.xxHash3(content))),
      );
      expect([...seen].filter((hash) => !known.has(hash))).toEqual([]);
      expect(seen.size).toBeGreaterThan(0);
    });

    test("of twenty that create one file with absent, exactly one does", async () => {
      await using ground = await make();
      const { storage } = ground;
      const other = await ground.again();
      for (let round = 0; round < Math.ceil(10 * repeats); round++) {
        const path = ["a", `f${round}`];
        const sinks = await twenty([storage, other], (storage) =>
          storage.create(path, { absent: true }),
        );
        const outcomes = await Promise.all(
          sinks.map(async (sink, index) => {
            await sink.write(bytesOf(1_000, index));
            return problemOf(() => sink.commit({}));
          }),
        );
        expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === "exists")).toHaveLength(19);
        const winner = outcomes.indexOf("done");
        expect((await load(storage, path)).equals(bytesOf(1_000, winner))).toBe(true);
      }
    });

    test("of twenty that make one folder, exactly one does", async () => {
      await using ground = await make();
      const other = await ground.again();
      const outcomes = await twenty([ground.storage, other], (storage) =>
        problemOf(() => storage.makeFolder(["a", "b"])),
      );
      expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "exists")).toHaveLength(19);
    });

    test.each(movable)("of twenty that move one %s, exactly one does", async (type) => {
      await using ground = await make();
      const { storage } = ground;
      const other = await ground.again();
      for (let round = 0; round < Math.ceil(10 * repeats); round++) {
        if (type === "file") await store(storage, ["from"], "x");
        else await storage.makeFolder(["from"]);
        const blamed = new Set<string>();
        const outcomes = await twenty([storage, other], (storage, index) =>
          problemOf(() =>
            storage.rename(["from"], [`to${index}`]).catch((error: unknown) => {
              if (error instanceof StorageError) blamed.add(error.path.join("/"));
              throw error;
            }),
          ),
        );
        expect([...blamed]).toEqual(["from"]);
        const winner = outcomes.indexOf("done");
        expect(await listed(storage, [])).toEqual([`${type} to${winner}`]);
        expect(outcomes.filter((outcome) => outcome === "not-found")).toHaveLength(19);
        await storage.delete([`to${winner}`]);
      }
    });

    test.each(movable)("of twenty %ss that move to one name, exactly one does", async (type) => {
      await using ground = await make();
      const { storage } = ground;
      const other = await ground.again();
      for (const index of NUMBERS) {
        if (type === "file") await store(storage, [`from${index}`], "x");
        else await storage.makeFolder([`from${index}`]);
      }
      const outcomes = await twenty([storage, other], (storage, index) =>
        problemOf(() => storage.rename([`from${index}`], ["to"])),
      );
      expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "exists")).toHaveLength(19);
      expect(await listed(storage, [])).toHaveLength(20);
    });

    test("files are stored in a folder that others remove when it is empty", async () => {
      await using ground = await make();
      const { storage } = ground;
      const outcomes: string[] = [];
      for (let round = 0; round < 300 * repeats; round++) {
        const storing = problemOf(() => store(storage, ["a", "f"], "x"));
        for (let turn = 0; turn < round % 7; turn++) await problemOf(() => storage.delete(["a"]));
        outcomes.push(await storing);
        await storage.delete(["a", "f"]);
        await problemOf(() => storage.delete(["a"]));
      }
      expect(outcomes.filter((outcome) => outcome !== "done")).toEqual([]);
    });
  });
}
