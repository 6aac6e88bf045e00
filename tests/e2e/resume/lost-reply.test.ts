import { expect, test } from "bun:test";
import type { Fault } from "../../support/faulty-proxy.ts";
import { read, writeRandom } from "../../support/files.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { inTheClear, Scene, SIZE } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const BLOCKS = Math.ceil(SIZE / BLOCK_SIZE);

/** The server's last reply to a PUT does not pass: under TLS it is the first behind the content. */
function lastReply(size: number, how: "cut" | "hold"): Fault {
  // The lengths of records tell the content's to a few bytes.
  return { beforeLine: /^226/, onceSent: size - 100, do: how };
}

test.each([
  ["of many blocks", SIZE, BLOCKS],
  ["of one block", 1000, 1],
])(
  "a PUT %s whose last reply was lost is settled without sending it again",
  async (_, size, blocks) => {
    await using scene = await Scene.start([{ toClient: lastReply(size, "cut") }]);
    const content = writeRandom(scene.folder.join("client/f"), size);
    const ran = await scene.run("PUT f");
    expect(ran).toMatchObject({ status: 0, transferred: { bytes: size, reused: size } });
    expect(ran.stderr).toContain("verified");
    expect(read(scene.folder.join("server/f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks("toServer")).toBe(blocks);
    if (Scene.encrypted) return;
    const requests = scene.proxy.lines("toServer");
    expect(requests.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
    expect(requests).toContain("STAT f digest=1");
  },
);

test("is sent again where another file has the name meanwhile", async () => {
  await using scene = await Scene.start([{ toClient: lastReply(SIZE, "hold") }]);
  const content = writeRandom(scene.folder.join("client/f"), SIZE);
  await using client = scene.start("PUT f");
  await scene.proxy.faulted;
  writeRandom(scene.folder.join("server/f"), SIZE);
  scene.proxy.cutAll();
  expect(await client.ended()).toBe(0);
  expect(read(scene.folder.join("server/f"))?.equals(content)).toBe(true);
  expect(scene.proxy.blocks("toServer")).toBe(2 * BLOCKS);
});

test("is settled also where the server was killed and started again", async () => {
  await using scene = await Scene.start([{ toClient: lastReply(SIZE, "hold") }]);
  writeRandom(scene.folder.join("client/f"), SIZE);
  await using client = scene.start("PUT f");
  await scene.proxy.faulted;
  await scene.restartServer();
  scene.proxy.cutAll();
  expect(await client.ended()).toBe(0);
  expect(scene.proxy.blocks("toServer")).toBe(BLOCKS);
});

inTheClear(
  "a file that is still being stored when the client comes back is waited for",
  async () => {
    using folder = new TemporaryFolder();
    writeRandom(folder.join("client/f"), SIZE);
    const asked: string[] = [];
    let digest = "";
    // It answers HELD when the file is stored, as the server does, and only then has the file.
    let stored = false;
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) return "220 protocol=1 server=x auth=none pipeline=1024\n";
      // The last line of the body stands right behind the bytes of its last block.
      const [, verb] = /(?:^|(?=END digest=))(HELD|STAT|PUT|END|QUIT)\b/.exec(line) ?? [];
      if (verb === undefined) return "";
      asked.push(verb);
      if (verb === "END") {
        digest = /digest=(\w+)/.exec(line)?.[1] ?? "";
        socket.destroy();
        return "";
      }
      if (verb === "HELD") {
        stored = digest !== "";
        return "213 offset=0 digest=2d06800538d394c2\n";
      }
      if (verb === "STAT" && stored) return `213 type=file size=${SIZE} mtime=0 digest=${digest}\n`;
      return verb === "PUT" ? "" : "550 not-found x\n";
    });
    const ran = await connect(folder.join("client"), server.port, "PUT f", "--retries", "1");
    expect(ran.stderr).toContain("verified");
    expect(asked).toEqual(["HELD", "PUT", "END", "HELD", "STAT", "QUIT"]);
  },
);

inTheClear("what was not stored is told by its reply alone, and sent again", async () => {
  await using scene = await Scene.start([{ toServer: { beforeLine: /^END/, do: "cut" } }]);
  const content = writeRandom(scene.folder.join("client/f"), SIZE);
  const ran = await scene.run("PUT f");
  const reused = SIZE - (SIZE % BLOCK_SIZE);
  expect(ran).toMatchObject({ status: 0, transferred: { reused } });
  expect(read(scene.folder.join("server/f"))?.equals(content)).toBe(true);
  // The last block is short: it is not known to be whole.
  expect(scene.proxy.blocks("toServer")).toBe(BLOCKS + 1);
});

inTheClear(
  "a GET whose last reply was lost asks only for the last block, which is short",
  async () => {
    await using scene = await Scene.start([{ toClient: { beforeLine: /^226/, do: "cut" } }]);
    const content = writeRandom(scene.folder.join("server/f"), SIZE);
    const ran = await scene.run("GET f");
    const reused = SIZE - (SIZE % BLOCK_SIZE);
    expect(ran).toMatchObject({ status: 0, transferred: { reused } });
    expect(read(scene.folder.join("client/f"))?.equals(content)).toBe(true);
    expect(scene.proxy.blocks("toClient")).toBe(BLOCKS + 1);
  },
);
