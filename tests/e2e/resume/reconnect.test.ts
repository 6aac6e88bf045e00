import { describe, expect, test } from "bun:test";
import { read, size, until, writeRandom } from "../../support/files.ts";
import { deadPort } from "../../support/ports.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { connect, TemporaryFolder, type RunningProgram } from "../../support/programs.ts";
import { inTheClear, Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const BLOCKS = Math.ceil(SIZE / BLOCK_SIZE);

describe.each([
  ["GET", "server", "client", "toClient", "toServer"],
  ["PUT", "client", "server", "toServer", "toClient"],
] as const)("%s comes to its end by itself", (verb, from, to, side, other) => {
  test.each([
    ["cut", 5],
    ["reset", 0],
    ["silence", 5],
  ] as const)("when the connection is %s twice", async (how, held) => {
    await using scene = await Scene.start([
      { [side]: { afterContent: 2 * BLOCK_SIZE + 9, do: how } },
      { [side]: { afterContent: 3 * BLOCK_SIZE + 9, do: how } },
    ]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    const ran = await scene.run(`${verb} f`, "--timeout", "1");
    expect(ran.status).toBe(0);
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.passages).toHaveLength(3);
    // A reset may take with it what was on its way.
    if (held > 0) {
      expect(ran.transferred?.["reused"]).toBe(held * BLOCK_SIZE);
      expect(scene.proxy.blocks(side)).toBe(BLOCKS);
    }
    expect(ran.stderr).toMatch(/is lost: .*: trying again in .* s \(1 of 5\)\n/);
    expect(ran.stderr).toMatch(/Connected to 127\.0\.0\.1:\d+ again\.\n/);
    expect(ran.events.filter(({ event }) => event === "opened")).toHaveLength(3);
  });

  test("in slices of 1,000 bytes, cut in the middle of a block's header", async () => {
    await using scene = await Scene.start([
      { slice: 1000, [side]: { afterContent: BLOCK_SIZE, do: "cut" } },
      { slice: 1000 },
    ]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: BLOCK_SIZE } });
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks(side)).toBe(BLOCKS);
  });

  inTheClear("when the connection is cut before the first reply", async () => {
    await using scene = await Scene.start([
      {},
      { [other]: { beforeLine: /^(GET|HELD|213)/, do: "cut" } },
    ]);
    const content = writeRandom(scene.folder.join(from, "f"), SIZE);
    expect((await scene.run("QUIT")).status).toBe(0);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
    expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks(side)).toBe(BLOCKS);
  });
});

test("tries as often as --retries says, and then tells that the server is gone: status 3", async () => {
  await using scene = await Scene.start([{ toClient: { afterContent: BLOCK_SIZE, do: "cut" } }]);
  writeRandom(scene.folder.join("server/f"), SIZE);
  const client = scene.start("GET f", "--retries", "2");
  await scene.proxy.faulted;
  scene.proxy.server = await deadPort();
  expect(await client.ended()).toBe(3);
  expect(client.log).toMatch(/\(1 of 2\)[^]*\(2 of 2\)[^]*GET f: .*127\.0\.0\.1:\d+/);
  expect(client.log).not.toContain("(3 of 2)");
  expect(client.log).not.toContain("verified");
});

test("does not try again with --retries 0", async () => {
  await using scene = await Scene.start([{ toClient: { afterContent: BLOCK_SIZE, do: "cut" } }]);
  writeRandom(scene.folder.join("server/f"), SIZE);
  const ran = await scene.run("GET f", "--retries", "0");
  expect(ran.status).toBe(3);
  expect(ran.stderr).not.toContain("trying again");
  expect(scene.proxy.passages).toHaveLength(1);
  expect(ran.events.at(-1)).toMatchObject({ event: "closed" });
});

test("waits for a server that comes back in between", async () => {
  await using scene = await Scene.start([
    { toServer: { afterContent: 2 * BLOCK_SIZE, do: "hold" } },
  ]);
  const content = writeRandom(scene.folder.join("client/f"), SIZE);
  await using client = scene.start("PUT f");
  await scene.proxy.faulted;
  await scene.server.stop("SIGKILL");
  await client.waitFor(/\(2 of 5\)/);
  await scene.startServer();
  expect(await client.ended()).toBe(0);
  expect(client.log).toContain("again.");
  expect(read(scene.folder.join("server/f"))?.equals(content)).toBe(true);
});

inTheClear(
  "an upload that never arrives is given up, however much the network takes of it",
  async () => {
    using folder = new TemporaryFolder();
    writeRandom(folder.join("client/f"), SIZE);
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) return "220 protocol=1 server=x auth=none pipeline=1024\n";
      if (line.startsWith("STAT")) return "550 not-found x\n";
      if (line.startsWith("HELD")) return "213 offset=0 digest=2d06800538d394c2\n";
      if (line.startsWith("PUT")) setTimeout(() => socket.destroy(), 50);
      return "";
    });
    const ran = await connect(folder.join("client"), server.port, "PUT f", "--retries", "2");
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("(2 of 2)");
  },
);

describe("Ctrl-C", () => {
  const interrupt = async (client: RunningProgram): Promise<void> => {
    client.process.kill("SIGINT");
    expect(await client.ended()).toBe(130);
  };

  test("ends the pause between two tries", async () => {
    await using scene = await Scene.start([{ toClient: { afterContent: BLOCK_SIZE, do: "cut" } }]);
    writeRandom(scene.folder.join("server/f"), SIZE);
    await using client = scene.start("GET f", "--retries", "50");
    await scene.proxy.faulted;
    scene.proxy.server = await deadPort();
    await client.waitFor(/\(4 of 50\)/);
    await interrupt(client);
    expect(scene.staged("client")).toHaveLength(1);
  });

  inTheClear("ends the wait for a server that does not greet", async () => {
    await using scene = await Scene.start([
      { toClient: { afterContent: BLOCK_SIZE, do: "cut" } },
      { toClient: { beforeLine: /^220/, do: "silence" } },
    ]);
    writeRandom(scene.folder.join("server/f"), SIZE);
    await using client = scene.start("GET f", "--timeout", "600");
    await client.waitFor(/\(1 of 5\)/);
    await until(() => scene.proxy.passages.length === 2);
    await interrupt(client);
  });

  test("keeps what was received, and the next try goes on", async () => {
    await using scene = await Scene.start([
      { toClient: { afterContent: 4 * BLOCK_SIZE, do: "hold" } },
    ]);
    const content = writeRandom(scene.folder.join("server/f"), 4 * SIZE);
    await using client = scene.start("GET f");
    await scene.proxy.faulted;
    await until(() => scene.staged("client").some((part) => size(part) >= 4 * BLOCK_SIZE));
    client.process.kill("SIGINT");
    scene.proxy.release();
    expect(await client.ended()).toBe(130);
    const again = await scene.run("GET f");
    expect(again.status).toBe(0);
    expect(Number(again.transferred?.["reused"])).toBeGreaterThanOrEqual(4 * BLOCK_SIZE);
    expect(read(scene.folder.join("client/f"))?.equals(content)).toBe(true);
  });
});

test.each([
  ["110 while a reply is owed", "110 done=1\n", ""],
  ["~ inside of a body", "", "~\n"],
])("%s counts as life for --timeout", async (_, owed, inside) => {
  using folder = new TemporaryFolder();
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return "220 protocol=1 server=x auth=none pipeline=1024\n";
    if (!line.startsWith("GET")) return "221\n";
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks < 10) return void socket.write(owed + inside);
      clearInterval(timer);
      socket.write(owed === "" ? "226 digest=2d06800538d394c2\n" : EMPTY);
    }, 250);
    return owed === "" ? "150 size=0 mtime=0 offset=0\n" : "";
  });
  const ran = await connect(folder.join("client"), server.port, "GET f", "--timeout", "1");
  expect(ran.stderr).toContain("verified");
  expect(ran.stderr).not.toContain("trying again");
  expect(ran.status).toBe(0);
});

const EMPTY = "150 size=0 mtime=0 offset=0\n226 digest=2d06800538d394c2\n";
