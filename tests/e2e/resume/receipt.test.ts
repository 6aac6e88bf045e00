import { describe, expect, test } from "bun:test";
import { chmodSync, statSync, utimesSync, existsSync } from "node:fs";
import { read, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { inTheClear, Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

const HELD = 4 * BLOCK_SIZE;

describe.each([
  ["GET", "server", "client", "toClient", "received"],
  ["PUT", "client", "server", "toServer", "sent"],
] as const)("a %s that goes on", (verb, from, to, side, direction) => {
  const interrupted = async (): Promise<{ scene: Scene; content: Buffer }> => {
    const scene = await Scene.start([{ [side]: { afterContent: HELD, do: "cut" } }]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    const path = scene.folder.join(from, "f");
    // A millisecond that a fraction of seconds cannot hold exactly.
    utimesSync(path, new Date(1_763_800_000_123), new Date(1_763_800_000_123));
    chmodSync(path, 0o4750);
    expect((await scene.run(`${verb} f`, "--retries", "0")).status).toBe(3);
    return { scene, content };
  };

  test("tells in its receipt what came from an earlier try, and the digest with -v", async () => {
    const { scene, content } = await interrupted();
    await using _scene = scene;
    const ran = await scene.run(`${verb} -v f`);
    const digest = fileDigest(content);
    expect(ran.stderr).toMatch(
      new RegExp(
        `\\n${verb} f: 1\\.8 MiB in \\S+ m?s(?: \\(.+/s\\))?, 1\\.0 MiB of it from an earlier try, ` +
          `verified, digest ${digest}\\n`,
      ),
    );
    expect(ran.transferred).toEqual({
      event: "transferred",
      direction,
      remote: "f",
      local: scene.folder.join("client/f"),
      bytes: SIZE,
      reused: HELD,
      digest,
      seconds: expect.any(Number),
    });
    const progress = ran.events.filter(({ event }) => event === "progress");
    for (const { rate } of progress) expect(Number(rate)).toBeGreaterThanOrEqual(0);
  });

  test("keeps the time to the millisecond and the execute bit, and no other bit", async () => {
    const { scene } = await interrupted();
    await using _scene = scene;
    const ran = await scene.run(`${verb} f`);
    expect(ran.transferred?.["reused"]).toBe(HELD);
    const { mtimeMs, mode } = statSync(scene.folder.join(to, "f"));
    expect(mtimeMs).toBe(1_763_800_000_123);
    expect(mode & 0o7100).toBe(0o100);
  });

  test("starts afresh with -f", async () => {
    const { scene, content } = await interrupted();
    await using _scene = scene;
    const ran = await scene.run(`${verb} -f f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
    expect(ran.stderr).not.toContain("earlier try");
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.passages.at(-1)?.[side].blocks).toHaveLength(Math.ceil(SIZE / BLOCK_SIZE));
    expect(scene.staged(to)).toEqual([]);
  });

  test("starts afresh with -f only once: what that try brought is gone on with", async () => {
    await using scene = await Scene.start([{ [side]: { afterContent: HELD, do: "cut" } }]);
    writeRandom(scene.folder.join(from, "f"), SIZE);
    const ran = await scene.run(`${verb} -f f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: HELD } });
  });

  test("works with --durable", async () => {
    await using scene = await Scene.start(
      [{ [side]: { afterContent: HELD, do: "cut" } }],
      ["--durable"],
    );
    const content = writeRandom(scene.folder.join(from, "a/b/f"), SIZE);
    const ran = await scene.run(`${verb} a/b/f`, "--durable");
    expect(ran).toMatchObject({ status: 0, transferred: { reused: HELD } });
    expect(read(scene.folder.join(to, "a/b/f"))?.equals(content)).toBe(true);
  });
});

describe("the receipt of a transfer without interruption", () => {
  test("names size, time, rate and verified, and the digest with -v or --verbose", async () => {
    using folder = new TemporaryFolder();
    const digest = fileDigest(writeRandom(folder.join("server/f"), SIZE));
    await using server = await ServerProcess.start(folder.join("server"));
    const plain = await connect(folder.join("client"), server.port, "GET f");
    expect(plain.stderr).toMatch(/\nGET f: 1\.8 MiB in \S+ m?s(?: \(\S+ \w+\/s\))?, verified\n/);
    expect(plain.stderr).not.toContain(digest);
    for (const [command, flags] of [
      ["GET -v f", []],
      ["GET f", ["-v"]],
      ["GET f", ["--verbose"]],
    ] as const) {
      const ran = await connect(folder.join("client"), server.port, command, ...flags);
      expect(ran.stderr).toContain(`, verified, digest ${digest}\n`);
    }
  });
});

inTheClear("the keys of uploads are made with a secret that only its owner can read", async () => {
  await using scene = await Scene.start([{ toServer: { afterContent: HELD, do: "cut" } }]);
  writeRandom(scene.folder.join("client/f"), SIZE);
  expect((await scene.run("PUT f", "--retries", "0")).status).toBe(3);
  const secret = scene.folder.join("state/sftp/upload-secret");
  expect(statSync(secret)).toMatchObject({ size: 32 });
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  expect(statSync(scene.folder.join("state/sftp")).mode & 0o777).toBe(0o700);
  const keys = new Set(
    scene.proxy.lines("toServer").flatMap((line) => /part=(\w+)/.exec(line)?.[1] ?? []),
  );
  expect(keys.size).toBe(1);
  // Another user's secret gives another key, by which nothing is held.
  await Bun.write(secret, Buffer.alloc(32, 7));
  expect((await scene.run("PUT f")).transferred).toMatchObject({ reused: 0 });
  expect(existsSync(secret)).toBe(true);
});
