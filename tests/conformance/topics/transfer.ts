import { describe, expect, test } from "bun:test";
import { blockDigest } from "../../../src/digest/block.ts";
import { FileDigest } from "../../../src/digest/file.ts";
import { BLOCK_SIZE, digestRange, readBlocks } from "../../../src/storage/read-blocks.ts";
import { Receiver } from "../../../src/storage/receiver.ts";
import type { Storage } from "../../../src/storage/storage.ts";
import { bytesOf, expectProblem, listed, load, store, type MakeGround } from "../ground.ts";

const SIZES = [
  0,
  1,
  BLOCK_SIZE - 1,
  BLOCK_SIZE,
  BLOCK_SIZE + 1,
  7 * BLOCK_SIZE + 3,
  40 * BLOCK_SIZE,
];

/** Blocks as they come from the other side. */
function blocksOf(content: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    blocks.push(content.subarray(at, at + BLOCK_SIZE));
  }
  return blocks;
}

function fileDigestOf(content: Buffer): bigint {
  const digest = new FileDigest();
  for (const block of blocksOf(content)) digest.add(blockDigest(block));
  return digest.value();
}

async function receiverOf(storage: Storage, content: Buffer): Promise<Receiver> {
  const receiver = new Receiver(["f"], await storage.create(["f"], {}));
  for (const block of blocksOf(content)) await receiver.block(block, blockDigest(block));
  return receiver;
}

export function describeTransfer(make: MakeGround): void {
  describe("transfers", () => {
    test.each(SIZES)("a file of %d bytes is received and sent as it was", async (size) => {
      await using ground = await make();
      const { storage } = ground;
      const content = bytesOf(size, size + 1);
      const digest = fileDigestOf(content);
      const receiver = await receiverOf(storage, content);
      expect(receiver.received).toBe(size);
      expect(await receiver.finish({ size, digest }, { mtime: 5 })).toEqual({ size, digest });

      const source = await storage.open(["f"]);
      const sent: Buffer[] = [];
      const sentDigest = new FileDigest();
      for await (const { buffer, length, digest } of readBlocks(source, sentDigest, {
        headroom: 32,
      })) {
        const block = buffer.subarray(32, 32 + length);
        expect(digest).toBe(blockDigest(block));
        sent.push(block);
      }
      expect(sent.map(({ length }) => length)).toEqual(
        blocksOf(content).map(({ length }) => length),
      );
      expect(Buffer.concat(sent).equals(content)).toBe(true);
      expect(sentDigest.value()).toBe(digest);
      let progress = 0;
      const again = new FileDigest();
      await digestRange(source, again, {}, (bytes) => (progress = bytes));
      expect(again.value()).toBe(digest);
      expect(progress).toBe(size);
      await source.close();
    });

    test("the digest of an empty file is the one that is known", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "");
      const source = await storage.open(["f"]);
      const digest = new FileDigest();
      await digestRange(source, digest, {}, () => undefined);
      await source.close();
      expect(digest.value()).toBe(0x2d06800538d394c2n);
    });

    test("a damaged block is refused and nothing is stored", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "old");
      const content = bytesOf(2 * BLOCK_SIZE);
      const receiver = await receiverOf(storage, content);
      const damaged = Buffer.from(content.subarray(0, BLOCK_SIZE));
      damaged[BLOCK_SIZE - 1] = (damaged.at(-1) ?? 0) ^ 1;
      await expectProblem("mismatch", async () =>
        receiver.block(damaged, blockDigest(content.subarray(0, BLOCK_SIZE))),
      );
      await receiver.abort();
      expect((await load(storage, ["f"])).toString()).toBe("old");
    });

    test("a file of another size or digest than was named is refused", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "old");
      const content = bytesOf(BLOCK_SIZE + 1);
      const size = content.length;
      const digest = fileDigestOf(content);
      for (const expected of [
        { size: size - 1, digest },
        { size: size + 1 },
        { size, digest: digest ^ 1n },
      ]) {
        const receiver = await receiverOf(storage, content);
        await expectProblem("mismatch", () => receiver.finish(expected, {}));
        await receiver.abort();
      }
      expect((await load(storage, ["f"])).toString()).toBe("old");
      expect(await listed(storage, [], true)).toEqual(["file f"]);
    });

    test("a file is stored where neither size nor digest are named", async () => {
      await using ground = await make();
      const content = bytesOf(10);
      const receiver = await receiverOf(ground.storage, content);
      expect(await receiver.finish({}, {})).toEqual({ size: 10, digest: fileDigestOf(content) });
    });

    test("a reader may stop before the end", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], bytesOf(8 * BLOCK_SIZE));
      const source = await storage.open(["f"]);
      let blocks = 0;
      for await (const _block of readBlocks(source, new FileDigest(), {}))
        if (++blocks === 3) break;
      await source.close();
      expect(blocks).toBe(3);
    });
  });
}
