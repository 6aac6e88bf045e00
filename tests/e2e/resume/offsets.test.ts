import { describe, expect, test } from "bun:test";
import { read, writeRandom } from "../../support/files.ts";
import { Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const BLOCKS = Math.ceil(SIZE / BLOCK_SIZE);
const LAST = SIZE - (SIZE % BLOCK_SIZE);

/** Bytes that arrive before the connection is cut, and those that are gone on with. */
const OFFSETS: [string, number, number][] = [
  ["nothing", 0, 0],
  ["1 byte", 1, 0],
  ["a block less one byte", BLOCK_SIZE - 1, 0],
  ["one block", BLOCK_SIZE, BLOCK_SIZE],
  ["a block and one byte", BLOCK_SIZE + 1, BLOCK_SIZE],
  ["five blocks and a bit", 5 * BLOCK_SIZE + 77_777, 5 * BLOCK_SIZE],
  ["all but one byte", SIZE - 1, LAST],
];

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("%s", (verb, from, to, side) => {
  test.each(OFFSETS)("goes on by the same command after %s", async (_, bytes, held) => {
    await using scene = await Scene.start([{ [side]: { afterContent: bytes, do: "cut" } }]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    const first = await scene.run(`${verb} f`, "--retries", "0");
    expect(first.status).toBe(3);
    expect(read(scene.folder.join(to, "f"))).toBeUndefined();

    const again = await scene.run(`${verb} f`);
    expect(again).toMatchObject({ status: 0, transferred: { bytes: SIZE, reused: held } });
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks(side)).toBe(BLOCKS);
    expect(scene.staged(to)).toEqual([]);
  });

  test.each(OFFSETS)("goes on by itself after %s", async (_, bytes, held) => {
    await using scene = await Scene.start([{ [side]: { afterContent: bytes, do: "cut" } }]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { bytes: SIZE, reused: held } });
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks(side)).toBe(BLOCKS);
    expect(scene.proxy.passages).toHaveLength(2);
  });

  test.each([BLOCK_SIZE, 3 * BLOCK_SIZE])(
    "sends nothing again where all %d bytes had arrived",
    async (size) => {
      await using scene = await Scene.start([{ [side]: { afterContent: size, do: "cut" } }]);
      const content = writeRandom(scene.folder.join(from, "f"), size);
      expect((await scene.run(`${verb} f`, "--retries", "0")).status).toBe(3);
      const again = await scene.run(`${verb} f`);
      // A file of one block is never resumed.
      const reused = size > BLOCK_SIZE ? size : 0;
      expect(again).toMatchObject({ status: 0, transferred: { bytes: size, reused } });
      expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
      expect(scene.proxy.blocks(side)).toBe(size > BLOCK_SIZE ? 3 : 2);
    },
  );
});
