import { describe, expect, test } from "bun:test";
import { filesUnder, read, until, writeRandom } from "../../support/files.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { ClientProcess, connect, TemporaryFolder } from "../../support/programs.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { SIZE, Scene, converse, serverOver, inTheClear } from "../../support/resume.ts";
import { BLOCK_SIZE, body, EMPTY_DIGEST, fileDigest } from "../../support/wire.ts";

const KEY = "0123456789abcdef0123456789abcdef";

describe("two clients with one name", () => {
  inTheClear("that PUT different files: each is whole, and the last one stays", async () => {
    using folder = new TemporaryFolder();
    await using server = await serverOver(folder.join("server"));
    const hold = { toServer: { afterContent: 3 * BLOCK_SIZE, do: "hold" } } as const;
    await using proxy = await FaultyProxy.start(server.port, hold);
    const one = writeRandom(folder.join("one/f"), SIZE);
    const two = writeRandom(folder.join("two/f"), SIZE);
    await using slow = ClientProcess.start(folder.join("one"), [String(proxy.port), "-c", "PUT f"]);
    await proxy.faulted;
    expect((await connect(folder.join("two"), proxy.port, "PUT f")).status).toBe(0);
    expect(read(folder.join("server/f"))?.equals(two)).toBe(true);
    proxy.release();
    expect(await slow.ended()).toBe(0);
    expect(read(folder.join("server/f"))?.equals(one)).toBe(true);
    expect(proxy.blocks("toServer")).toBe(2 * Math.ceil(SIZE / BLOCK_SIZE));
  });

  test("that GET into one folder: each has its own part, and what is stored is whole", async () => {
    await using scene = await Scene.start([
      { toClient: { afterContent: 3 * BLOCK_SIZE, do: "hold" } },
    ]);
    const content = writeRandom(scene.folder.join("server/f"), SIZE);
    await using slow = scene.start("GET f");
    await scene.proxy.faulted;
    await until(() => scene.staged("client").length === 1);
    const ran = await scene.run("GET f");
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 0 } });
    expect(read(scene.folder.join("client/f"))?.equals(content)).toBe(true);
    // The part of the one that still writes was left alone.
    expect(scene.staged("client")).toHaveLength(1);
    scene.proxy.release();
    expect(await slow.ended()).toBe(0);
    expect(read(scene.folder.join("client/f"))?.equals(content)).toBe(true);
    expect(scene.staged("client")).toEqual([]);
  });

  test("50 PUTs to one name at once: it holds exactly one of them", async () => {
    using folder = new TemporaryFolder();
    await using server = await serverOver(folder.path);
    const uploads = Array.from({ length: 50 }, async (_, index) => {
      using client = await converse(server);
      const content = Buffer.alloc(3 * BLOCK_SIZE, `from client ${index} `);
      const key = index.toString(16).padStart(32, "0");
      client.send(`PUT f size=${content.length} part=${key}\n`, body(content), "END\n");
      expect(await client.reply()).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
      return content;
    });
    const contents = await Promise.all(uploads);
    const stored = read(folder.join("f")) ?? Buffer.alloc(0);
    expect(contents.filter((content) => content.equals(stored))).toHaveLength(1);
    await until(() => filesUnder(folder.path).length === 1);
  });
});

describe("two servers on one root", () => {
  const content = Buffer.alloc(4 * BLOCK_SIZE, "content ");
  const first = content.subarray(0, 2 * BLOCK_SIZE);
  const begin = `PUT f size=${content.length} part=${KEY}\n`;
  const begun = async (folder: TemporaryFolder, client: RawClient): Promise<void> => {
    client.send(begin, body(first), "~\n");
    await until(() => filesUnder(folder.path).length > 0);
  };

  test("neither takes what the other one writes, and each stores its own", async () => {
    using folder = new TemporaryFolder();
    await using one = await serverOver(folder.path);
    await using two = await serverOver(folder.path);
    using a = await converse(one);
    using b = await converse(two);
    await begun(folder, a);
    const nothing = `213 offset=0 digest=${EMPTY_DIGEST}`;
    expect(await b.sendLine(`HELD f part=${KEY}`).reply()).toBe(nothing);
    b.send(begin, body(content), "END\n");
    expect(await b.reply()).toStartWith("226 ");
    a.send(body(content.subarray(first.length)), "END\n");
    expect(await a.reply()).toStartWith("226 ");
    expect(read(folder.join("f"))?.equals(content)).toBe(true);
    await until(() => filesUnder(folder.path).length === 1);
  });

  test("nor does one that starts sweep what the other one writes, however old", async () => {
    using folder = new TemporaryFolder();
    await using one = await serverOver(folder.path);
    using a = await converse(one);
    await begun(folder, a);
    await using two = await serverOver(folder.path, ["--keep-partial", "0"]);
    using b = await converse(two);
    expect(await b.sendLine("NOOP").reply()).toBe("200");
    a.send(body(content.subarray(first.length)), "END\n");
    expect(await a.reply()).toStartWith("226 ");
    expect(read(folder.join("f"))?.equals(content)).toBe(true);
  });

  test("what one leaves in order, or when it is killed, the other one goes on with", async () => {
    using folder = new TemporaryFolder();
    await using two = await serverOver(folder.path);
    for (const killed of [false, true]) {
      await using one = await serverOver(folder.path);
      using a = await converse(one);
      if (killed) {
        const large = Buffer.alloc(64 * BLOCK_SIZE, "large ");
        a.send(`PUT f part=${KEY}\n`, body(large), "~\n");
        await until(() =>
          filesUnder(folder.path).some(
            (name) => Bun.file(folder.join(name)).size >= 60 * BLOCK_SIZE,
          ),
        );
        await one.stop("SIGKILL");
      } else {
        a.send(begin, body(first), "ABORT\n");
        expect(await a.reply()).toStartWith("426 ");
      }
      using b = await converse(two);
      const [, offset] =
        /^213 offset=(\d+) /.exec(await b.sendLine(`HELD f part=${KEY}`).reply()) ?? [];
      expect(Number(offset)).toBeGreaterThanOrEqual(killed ? 40 * BLOCK_SIZE : first.length);
      b.send(`PUT f part=${KEY} offset=${offset}\n`, body(Buffer.from("end")), "END\n");
      expect(await b.reply()).toStartWith("226 ");
    }
  });
});
