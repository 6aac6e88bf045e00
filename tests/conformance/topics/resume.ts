import { describe, expect, test } from "bun:test";
import { blockDigest } from "../../../src/digest/block.ts";
import { FileDigest } from "../../../src/digest/file.ts";
import { BLOCK_SIZE } from "../../../src/storage/read-blocks.ts";
import type { Part, Sink, Storage } from "../../../src/storage/storage.ts";
import type { Path } from "../../../src/storage/errors.ts";
import { bytesOf, expectProblem, listed, load, store, type MakeGround } from "../ground.ts";

const ID = "0123456789abcdef0123456789abcdef";
const CONTENT = bytesOf(9 * BLOCK_SIZE + 10);

function partOf(id = ID, onTaken: () => void = () => undefined): Part {
  return { id, onTaken };
}

/** Writes the first bytes of a file and leaves them for a later attempt. */
async function interrupt(storage: Storage, path: Path, bytes: number, id = ID): Promise<void> {
  const sink = await storage.create(path, { part: partOf(id) });
  await sink.write(CONTENT.subarray(0, bytes));
  await sink.keep();
}

async function digestOf(sink: Sink): Promise<bigint> {
  const digest = new FileDigest();
  let progress = 0;
  await sink.digestHeld(digest, (bytes) => (progress = bytes));
  expect(progress).toBe(sink.held);
  return digest.value();
}

/** The digest of the first bytes of the content, whole blocks. */
function digestOfFirst(bytes: number): bigint {
  const digest = new FileDigest();
  for (let at = 0; at < bytes; at += BLOCK_SIZE) {
    digest.add(blockDigest(CONTENT.subarray(at, at + BLOCK_SIZE)));
  }
  return digest.value();
}

export function describeResume(make: MakeGround): void {
  describe("resuming", () => {
    test.each([
      [BLOCK_SIZE, BLOCK_SIZE],
      [2 * BLOCK_SIZE - 1, BLOCK_SIZE],
      [9 * BLOCK_SIZE + 9, 9 * BLOCK_SIZE],
    ])("after %d bytes goes on with the whole blocks of it", async (bytes, whole) => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["a", "f"], bytes);
      expect(await listed(storage, [], true)).toEqual([]);
      const sink = await storage.resume(["a", "f"], partOf(), {});
      if (sink === undefined) throw new Error("nothing is held");
      expect(sink.held).toBe(whole);
      expect(await digestOf(sink)).toBe(digestOfFirst(whole));
      await sink.write(CONTENT.subarray(whole));
      await sink.commit({ mtime: 1_763_800_000_123, exec: true });
      expect((await load(storage, ["a", "f"])).equals(CONTENT)).toBe(true);
      expect(await storage.stat(["a", "f"])).toMatchObject({
        mtime: 1_763_800_000_123,
        exec: true,
      });
      expect(await storage.resume(["a", "f"], partOf(), {})).toBeUndefined();
    });

    test.each([0, 1, BLOCK_SIZE - 1])("finds nothing after %d bytes", async (bytes) => {
      await using ground = await make();
      await interrupt(ground.storage, ["f"], bytes);
      expect(await ground.storage.resume(["f"], partOf(), {})).toBeUndefined();
    });

    test("finds nothing by another id, for another path, or what was aborted or is no part", async () => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["f"], 3 * BLOCK_SIZE);
      const other = ID.replace("0", "1");
      expect(await storage.resume(["f"], partOf(other), {})).toBeUndefined();
      expect(await storage.resume(["g"], partOf(), {})).toBeUndefined();
      expect(await storage.resume(["f", "f"], partOf(), {})).toBeUndefined();
      const aborted = await storage.resume(["f"], partOf(), {});
      expect(aborted?.held).toBe(3 * BLOCK_SIZE);
      await aborted?.abort();
      expect(await storage.resume(["f"], partOf(), {})).toBeUndefined();
      const plain = await storage.create(["f"], {});
      await plain.write(CONTENT);
      await plain.keep();
      expect(await storage.resume(["f"], partOf(), {})).toBeUndefined();
    });

    test("begins anew by create, which forgets what was left", async () => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["f"], 5 * BLOCK_SIZE);
      await interrupt(storage, ["f"], 2 * BLOCK_SIZE);
      const sink = await storage.resume(["f"], partOf(), {});
      expect(sink?.held).toBe(2 * BLOCK_SIZE);
      await sink?.abort();
    });

    test("keeps what is held over many attempts, and over another storage", async () => {
      await using ground = await make();
      await interrupt(ground.storage, ["f"], BLOCK_SIZE);
      for (let blocks = 1; blocks < 9; blocks++) {
        const storage = blocks % 2 === 0 ? ground.storage : await ground.again();
        const sink = await storage.resume(["f"], partOf(), {});
        expect(sink?.held).toBe(blocks * BLOCK_SIZE);
        await sink?.write(CONTENT.subarray(blocks * BLOCK_SIZE, (blocks + 1) * BLOCK_SIZE));
        await sink?.keep();
      }
    });

    test("takes a part from who has it open, and waits until that has let go", async () => {
      await using ground = await make();
      const { storage } = ground;
      const order: string[] = [];
      const sink = await storage.create(["f"], {
        part: partOf(ID, () => {
          order.push("told");
          void sink.keep().then(() => order.push("kept"));
        }),
      });
      await sink.write(CONTENT.subarray(0, 4 * BLOCK_SIZE));
      const taken = await storage.resume(["f"], partOf(), {});
      order.push("taken");
      expect(order[0]).toBe("told");
      expect(order).toContain("taken");
      expect(taken?.held).toBe(4 * BLOCK_SIZE);
      await taken?.abort();
    });

    test("many that take one part from each other: one has it at a time", async () => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["f"], 2 * BLOCK_SIZE);
      let open = 0;
      let most = 0;
      const turns = Array.from({ length: 30 }, async () => {
        const told = Promise.withResolvers<void>();
        const sink = await storage.resume(["f"], partOf(ID, told.resolve), {});
        most = Math.max(most, ++open);
        expect(sink?.held).toBe(2 * BLOCK_SIZE);
        await Promise.race([told.promise, new Promise((resolve) => setImmediate(resolve))]);
        open--;
        await sink?.keep();
      });
      await Promise.all(turns);
      expect(most).toBe(1);
      const sink = await storage.resume(["f"], partOf(), {});
      expect(sink?.held).toBe(2 * BLOCK_SIZE);
      await sink?.abort();
    });

    test("finds nothing where the one that had it stored it meanwhile", async () => {
      await using ground = await make();
      const { storage } = ground;
      const sink = await storage.create(["f"], { part: partOf(ID, () => undefined) });
      await sink.write(CONTENT);
      const [resumed] = await Promise.all([storage.resume(["f"], partOf(), {}), sink.commit({})]);
      expect(resumed).toBeUndefined();
      expect((await load(storage, ["f"])).equals(CONTENT)).toBe(true);
    });

    test("lets go again where the name is refused, or the room is too small", async () => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["f"], 2 * BLOCK_SIZE);
      await expectProblem("space", () => storage.resume(["f"], partOf(), { size: 2 ** 53 - 1 }));
      await store(storage, ["f"], "x");
      await expectProblem("exists", () => storage.resume(["f"], partOf(), { absent: true }));
      const sink = await storage.resume(["f"], partOf(), {});
      expect(sink?.held).toBe(2 * BLOCK_SIZE);
      await sink?.abort();
    });

    test("sweep() keeps parts that are young enough and those that are open", async () => {
      await using ground = await make();
      const { storage } = ground;
      await interrupt(storage, ["f"], 2 * BLOCK_SIZE);
      await storage.sweep(60_000);
      const sink = await storage.resume(["f"], partOf(), {});
      expect(sink?.held).toBe(2 * BLOCK_SIZE);
      await storage.sweep(-1);
      await sink?.write(CONTENT.subarray(2 * BLOCK_SIZE));
      await sink?.commit({});
      expect((await load(storage, ["f"])).equals(CONTENT)).toBe(true);
      await interrupt(storage, ["f"], 2 * BLOCK_SIZE);
      await storage.sweep(-1);
      expect(await storage.resume(["f"], partOf(), {})).toBeUndefined();
    });
  });
}
