import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { filesUnder, read, until, write, writeRandom } from "../../support/files.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { deadPort } from "../../support/ports.ts";
import { connect, run, TemporaryFolder } from "../../support/programs.ts";
import { SIZE, Scene, connectTo, converse, serverOver, inTheClear } from "../../support/resume.ts";
import { blockDigest, BLOCK_SIZE, body } from "../../support/wire.ts";

const MIB = 1024 * 1024;

/** Mounts a file system with little room; `false` where this user may not. */
function mount(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const { exitCode } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]);
  return exitCode === 0;
}

describe("no space: status 7, the older file stays and so does the connection", () => {
  const folder = new TemporaryFolder();
  let mounted: boolean[] = [];
  beforeAll(() => {
    mounted = ["server", "client"].map((side) => mount(folder.join(side)));
  });
  afterAll(() => {
    for (const side of ["server", "client"]) Bun.spawnSync(["umount", folder.join(side)]);
    folder[Symbol.dispose]();
  });

  test.each([
    ["before the first byte", 8 * MIB, 0],
    ["in the middle", 3 * MIB, 2 * MIB],
    ["at the last block", 3 * MIB, MIB + 1000],
  ])("%s (skipped where nothing may be mounted)", async (_, size, taken) => {
    if (mounted.includes(false)) return;
    await using server = await serverOver(folder.join("server"));
    writeRandom(folder.join("elsewhere/f"), size);
    write(folder.join("server/f"), "old");
    writeRandom(folder.join("server/filler"), taken);
    const ran = await connectTo(folder.join("elsewhere"), server, "-PUT f; LS; PUT f");
    expect(ran.status).toBe(7);
    expect(ran.stderr.match(/PUT f: .*(no space|room)/g)).toHaveLength(2);
    expect(read(folder.join("server/f"))?.toString()).toBe("old");
    rmSync(folder.join("server/filler"));
  });

  test("on this side, for a GET (skipped where nothing may be mounted)", async () => {
    if (mounted.includes(false)) return;
    writeRandom(folder.join("root/f"), 3 * MIB);
    await using server = await serverOver(folder.join("root"));
    writeRandom(folder.join("client/filler"), 2 * MIB);
    const ran = await connectTo(folder.join("client"), server, "-GET f; LS; GET f");
    expect(ran.status).toBe(7);
    expect(ran.stdout).toBe("f\n");
    expect(ran.stderr).toContain("(on this side)");
    rmSync(folder.join("client/filler"));
    expect((await connectTo(folder.join("client"), server, "GET f")).status).toBe(0);
    rmSync(folder.join("client/f"));
  });

  inTheClear("a part does not count twice (skipped where nothing may be mounted)", async () => {
    if (mounted.includes(false)) return;
    await using server = await serverOver(folder.join("server"));
    await using scene = await Scene.start([
      { toServer: { afterContent: 11 * BLOCK_SIZE, do: "cut" } },
    ]);
    scene.proxy.server = server.port;
    writeRandom(scene.folder.join("client/f"), 3 * MIB);
    const ran = await scene.run("PUT f");
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 11 * BLOCK_SIZE } });
    rmSync(folder.join("server/f"));

    using client = await converse(server);
    const held = Buffer.alloc(11 * BLOCK_SIZE, "held");
    const put = `PUT f size=${12 * BLOCK_SIZE} part=0123456789abcdef0123456789abcdef`;
    client.send(`${put}\n`, body(held), "ABORT\n");
    expect(await client.line()).toStartWith("426 ");
    client.send(`${put} offset=${held.length}\n`, body(held.subarray(0, BLOCK_SIZE)), "END\n");
    expect(await client.line()).toStartWith("226 ");
  });
});

test("no permission: status 6, and the connection stays", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("client/f"), SIZE);
  const closed = folder.join("server/closed");
  // Root may write to any folder, but not move a file to another file system.
  const mounted = process.getuid?.() === 0 && mount(closed);
  if (!mounted) mkdirSync(closed, { recursive: true, mode: 0o555 });
  try {
    await using server = await serverOver(folder.join("server"));
    const ran = await connectTo(
      folder.join("client"),
      server,
      "-PUT f closed/f; PUT f; PUT f closed/f",
    );
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("PUT f: 1.8 MiB in");
    await until(() => !existsSync(folder.join("server/.sftp-staging")));
  } finally {
    if (mounted) Bun.spawnSync(["umount", closed]);
  }
});

test.each([
  ["a bad name: 6", "PUT f 'a:b'", 6, /name a:b is not allowed/],
  ["a file that is not there: 5", "GET missing", 5, /There is no file missing/],
  ["a file that is not here: 5", "PUT missing", 5, /There is no file missing \(on this side\)/],
])("%s", async (_, command, status, message) => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("client/f"), SIZE);
  write(folder.join("server/g"), "g");
  await using server = await serverOver(folder.join("server"));
  const ran = await connectTo(folder.join("client"), server, `-${command}; LS; ${command}`);
  expect(ran.stderr).toMatch(message);
  expect(ran.status).toBe(status);
  expect(ran.stdout).toContain("g\n");
});

test("a server that is gone: 3", async () => {
  using folder = new TemporaryFolder();
  const ran = await run(["connect", String(await deadPort()), "--root", folder.path, "-c", "LS"]);
  expect(ran.status).toBe(3);
  expect(ran.stderr).toContain("Nobody listens at");
});

describe("bytes that are wrong: 8", () => {
  const WRONG = "0123456789abcdef";
  const greeting = "220 protocol=1 server=x auth=none pipeline=1024\n";

  test.each([
    ["a block", WRONG, blockDigest(Buffer.from("hello"))],
    ["the file", blockDigest(Buffer.from("hello")), WRONG],
  ])("by the digest of %s, in a GET", async (_, ofBlock, ofFile) => {
    using folder = new TemporaryFolder();
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return greeting;
      if (!line.startsWith("GET")) return "221\n";
      return `150 size=5 mtime=0 offset=0\n+5 ${ofBlock}\nhello226 digest=${ofFile}\n`;
    });
    const ran = await connect(folder.path, server.port, "GET f");
    expect(ran.status).toBe(8);
    expect(filesUnder(folder.path)).toEqual([]);
  });

  test("by what the server says that it stored, in a PUT", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("f"), "hello");
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return greeting;
      if (line.includes("END")) return `226 size=5 digest=${WRONG}\n`;
      if (line.startsWith("STAT")) return "550 not-found x\n";
      return line === "QUIT" ? "221\n" : "";
    });
    const ran = await connect(folder.path, server.port, "PUT f");
    expect(ran.status).toBe(8);
  });
});
