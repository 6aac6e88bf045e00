import { describe, expect, test } from "bun:test";
import {
  publishedUnder,
  read,
  until,
  filesUnder,
  write,
  writeRandom,
} from "../../support/files.ts";
import { FastClient } from "../../support/fast-client.ts";
import { ClientProcess, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { block, blocksOf, BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

const EACH = 25;
/** More than two sockets hold, so that who does not read is surely in the middle of it. */
const COMMON = 96 * BLOCK_SIZE;
const SIZE = 8 * BLOCK_SIZE;

/** 25 that send and 25 that receive, all of them in the middle of it. */
async function begin(
  folder: TemporaryFolder,
  server: ServerProcess,
  stack: DisposableStack,
): Promise<{
  readonly getters: FastClient[];
  readonly putters: FastClient[];
  readonly common: Buffer;
  readonly content: Buffer;
}> {
  const common = writeRandom(folder.join("server/common"), COMMON);
  const content = common.subarray(0, SIZE);
  write(folder.join("server/put/0"), "old");
  const getters: FastClient[] = [];
  const putters: FastClient[] = [];
  for (let index = 0; index < EACH; index++) {
    const getter = stack.use(await FastClient.open(server.port));
    await getter.sendLine("GET common");
    expect(await getter.reply()).toStartWith("150 ");
    getter.freeze();
    getters.push(getter);
    const putter = stack.use(await FastClient.open(server.port));
    const [first = content] = blocksOf(content);
    await putter.sendLine(`PUT put/${index} size=${SIZE}`);
    await putter.send(block(first));
    putters.push(putter);
  }
  // Each upload has its file by now.
  await until(() => filesUnder(folder.join("server")).length >= 2 + EACH);
  return { getters, putters, common, content };
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s during 50 transfers", (signal) => {
  test("lets them end, takes no new ones, status 0", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"), ["--grace", "3600"]);
    using stack = new DisposableStack();
    const { getters, putters, common, content } = await begin(folder, server, stack);
    server.process.kill(signal);
    await server.waitFor(/hutting down when 50 transfers have ended/);
    await expect(FastClient.connect(server.port)).rejects.toThrow();
    const got = getters.map(async (getter) => {
      getter.thaw();
      const digest = fileDigest(common);
      expect(await getter.body()).toEqual({ bytes: COMMON, digest, end: `226 digest=${digest}` });
      expect(await getter.lines()).toEqual(["421 closing The server shuts down"]);
    });
    const put = putters.map(async (putter) => {
      for (const part of blocksOf(content).slice(1)) await putter.send(block(part));
      expect(await putter.ask("END")).toBe(`226 size=${SIZE} digest=${fileDigest(content)}`);
    });
    await Promise.all([...got, ...put]);
    expect(await server.ended()).toBe(0);
    expect(publishedUnder(folder.join("server"))).toHaveLength(EACH + 1);
    for (let index = 0; index < EACH; index++) {
      expect(read(folder.join(`server/put/${index}`))?.equals(content)).toBe(true);
    }
    expect(filesUnder(folder.join("server"))).toHaveLength(EACH + 1);
  });

  test("cuts them cleanly where they outlast --grace, status 0; a second one at once, 130", async () => {
    for (const twice of [false, true]) {
      using folder = new TemporaryFolder();
      const grace = ["--grace", twice ? "3600" : "0.2"];
      await using server = await ServerProcess.start(folder.join("server"), grace);
      using stack = new DisposableStack();
      await begin(folder, server, stack);
      server.process.kill(signal);
      await server.waitFor(/hutting down when 50 transfers have ended/);
      if (twice) server.process.kill(signal);
      expect(await server.ended()).toBe(twice ? 130 : 0);
      expect(publishedUnder(folder.join("server"))).toEqual(["common", "put/0"]);
      expect(read(folder.join("server/put/0"))?.toString()).toBe("old");
      expect(filesUnder(folder.join("server"))).toEqual(["common", "put/0"]);
    }
  });
});

test.each([
  ["GET -r many", "server", "client", "toClient", "SIGTERM", 143],
  ["PUT -r many", "client", "server", "toServer", "SIGTERM", 143],
  ["GET -r many", "server", "client", "toClient", "SIGINT", 130],
] as const)(
  "%s by a client that is told to leave: nothing partial",
  async (command, from, to, side, signal, status) => {
    using folder = new TemporaryFolder();
    for (let index = 0; index < 50; index++) {
      writeRandom(folder.join(from, `many/${index}`), 4 * BLOCK_SIZE);
    }
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { [side]: 30 * BLOCK_SIZE });
    const args = [String(proxy.port), "-c", command];
    await using client = ClientProcess.start(folder.join("client"), args);
    await proxy.stalled;
    client.process.kill(signal);
    proxy.release();
    expect(await client.ended(), client.log).toBe(status);
    for (const name of publishedUnder(folder.join(to))) {
      const there = read(folder.join(from, name));
      expect(there !== undefined && read(folder.join(to, name))?.equals(there), name).toBe(true);
    }
  },
);
