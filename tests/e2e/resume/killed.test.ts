import { describe, expect, test } from "bun:test";
import { read, size, until, write, writeRandom } from "../../support/files.ts";
import { Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const BEFORE = 20 * BLOCK_SIZE;
/** Bytes that a receiver keeps in memory at most, before they are in its part. */
const UNWRITTEN = 8 * BLOCK_SIZE;
const WHOLE = 5 * SIZE;

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("kill -9 in the middle of a %s", (verb, from, to, side) => {
  const begin = async (): Promise<{ scene: Scene; content: Buffer }> => {
    const scene = await Scene.start([{ [side]: { afterContent: BEFORE + 5, do: "hold" } }]);
    write(scene.folder.join(to, "f"), "old");
    return { scene, content: writeRandom(scene.folder.join(from, "f"), WHOLE) };
  };
  const written = (scene: Scene): number => Math.max(0, ...scene.staged(to).map(size));

  test.each([
    ["of the client", true, false],
    ["of the server", false, true],
    ["of both", true, true],
  ])("%s: the same command goes on", async (_, client, server) => {
    const { scene, content } = await begin();
    await using _scene = scene;
    await using running = scene.start(`${verb} f`, "--retries", "0");
    await scene.proxy.faulted;
    // What the receiver's program has written down is what a kill can leave.
    await until(() => written(scene) >= BEFORE - UNWRITTEN);
    if (server) await scene.server.stop("SIGKILL");
    if (client) await running.stop("SIGKILL");
    else scene.proxy.cutAll();
    await running.ended();
    scene.proxy.cutAll();
    expect(read(scene.folder.join(to, "f"))?.toString()).toBe("old");
    if (server) await scene.startServer();

    const ran = await scene.run(`${verb} f`);
    expect(ran.status).toBe(0);
    const reused = Number(ran.transferred?.["reused"]);
    expect(reused).toBeGreaterThanOrEqual(BEFORE - 2 * UNWRITTEN);
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    const missing = Math.ceil(WHOLE / BLOCK_SIZE) - reused / BLOCK_SIZE;
    expect(scene.proxy.passages.at(-1)?.[side].blocks).toHaveLength(missing);
    expect(scene.staged(to)).toEqual([]);
  });
});
