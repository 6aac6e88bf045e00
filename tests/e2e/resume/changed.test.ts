import { describe, expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { appendFileSync } from "node:fs";
import { read, until, writeRandom } from "../../support/files.ts";
import { Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const HELD = 4 * BLOCK_SIZE;
const BLOCKS = Math.ceil(SIZE / BLOCK_SIZE);

/** Turns one bit of a file in place; its size, its time and its inode stay. */
function flip(path: string, at: number): void {
  const { atime, mtime } = statSync(path);
  const byte = (read(path) ?? Buffer.alloc(0))[at] ?? 0;
  const file = openSync(path, "r+");
  writeSync(file, Buffer.from([byte ^ 1]), 0, 1, at);
  closeSync(file);
  utimesSync(path, atime, mtime);
}

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("%s goes on where it was begun", (verb, from, to, side) => {
  const interrupted = async (): Promise<Scene> => {
    const scene = await Scene.start([{ [side]: { afterContent: HELD, do: "cut" } }]);
    writeRandom(scene.folder.join(from, "f"), SIZE);
    expect((await scene.run(`${verb} f`, "--retries", "0")).status).toBe(3);
    // The receiver may need a moment longer than the client.
    await until(() => scene.staged(to).some((name) => name.includes(".kept.")));
    return scene;
  };
  const source = (scene: Scene): string => scene.folder.join(from, "f");
  const expectSame = (scene: Scene): void => {
    const stored = read(scene.folder.join(to, "f"));
    expect(stored?.equals(read(source(scene)) ?? Buffer.alloc(0))).toBe(true);
    expect(scene.staged(to)).toEqual([]);
  };

  test.each([0, HELD - 1])(
    "and starts again where byte %d of the source changed, with the same size and time",
    async (at) => {
      await using scene = await interrupted();
      flip(source(scene), at);
      const ran = await scene.run(`${verb} f`);
      expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
      expect(ran.stderr).toContain("starting again");
      expectSame(scene);
    },
  );

  test("and does go on where only what was not sent changed, with the same size and time", async () => {
    await using scene = await interrupted();
    flip(source(scene), HELD);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: HELD } });
    expect(ran.stderr).not.toContain("starting again");
    expectSame(scene);
  });

  test.each([0, HELD - 1])("and starts again where byte %d of the part was flipped", async (at) => {
    await using scene = await interrupted();
    const [part = ""] = scene.staged(to);
    flip(part, at);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
    expect(ran.stderr).toContain("starting again");
    expectSame(scene);
    expect(scene.proxy.passages.at(-1)?.[side].blocks.length).toBeGreaterThanOrEqual(BLOCKS);
  });

  test("and does go on where the source was only touched", async () => {
    await using scene = await interrupted();
    utimesSync(source(scene), 1_763_800_000, 1_763_800_000);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: HELD } });
    expect(ran.stderr).not.toContain("starting again");
    expectSame(scene);
    expect(statSync(scene.folder.join(to, "f")).mtimeMs).toBe(1_763_800_000_000);
  });

  test("and does go on where the source was replaced by a copy of it", async () => {
    await using scene = await interrupted();
    copyFileSync(source(scene), `${source(scene)}.copy`);
    renameSync(`${source(scene)}.copy`, source(scene));
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: HELD } });
    expectSame(scene);
  });

  test("and starts again, and says so, where the source was written anew", async () => {
    await using scene = await interrupted();
    writeRandom(source(scene), SIZE + 1);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
    expect(ran.stderr).toContain("starting again");
    expectSame(scene);
  });

  test("and with whole blocks where the part lost some", async () => {
    await using scene = await interrupted();
    const [part = ""] = scene.staged(to);
    truncateSync(part, 2 * BLOCK_SIZE + 1);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 2 * BLOCK_SIZE } });
    expectSame(scene);
  });

  test.each([
    ["shorter than the part", HELD - 100],
    ["exactly as long as the part", HELD],
    ["shorter, and longer than the part", HELD + 100],
    ["one byte long", 1],
    ["empty", 0],
  ])("and is right where the source is now %s", async (_, size) => {
    await using scene = await interrupted();
    truncateSync(source(scene), size);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { bytes: size } });
    const stored = read(scene.folder.join(to, "f"));
    expect(stored?.equals(read(source(scene)) ?? Buffer.alloc(9))).toBe(true);
    if (size <= 1) return;
    expect(ran.transferred).toMatchObject({ reused: size >= HELD ? HELD : 0 });
    expect(ran.stderr.includes("starting again")).toBe(size < HELD);
    expect(scene.staged(to)).toEqual([]);
  });

  test("and is right where the source has grown", async () => {
    await using scene = await interrupted();
    appendFileSync(source(scene), "grown");
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { bytes: SIZE + 5, reused: HELD } });
    expectSame(scene);
  });

  test("and fails with status 5 where the source has vanished", async () => {
    await using scene = await interrupted();
    unlinkSync(source(scene));
    const ran = await scene.run(`-${verb} f; LS; ${verb} f`);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toContain("There is no file f");
    // The connection stayed.
    expect(ran.events.filter(({ event }) => event === "opened")).toHaveLength(1);
    expect(read(scene.folder.join(to, "f"))).toBeUndefined();
  });

  test("and says that it changed where it does so while it is sent: status 1", async () => {
    await using scene = await Scene.start([{ [side]: { afterContent: HELD, do: "hold" } }]);
    writeRandom(source(scene), 40 * SIZE);
    await using client = scene.start(`${verb} f`);
    await scene.proxy.faulted;
    flip(source(scene), 0);
    appendFileSync(source(scene), "x");
    scene.proxy.release();
    expect(await client.ended()).toBe(1);
    expect(client.log).toContain("changed while it was read");
    expect(read(scene.folder.join(to, "f"))).toBeUndefined();
    // It is a mixture of two, and of no use to anybody.
    expect(scene.staged(to)).toEqual([]);
    const again = await scene.run(`${verb} f`);
    expect(again.status).toBe(0);
    expectSame(scene);
  });
});
