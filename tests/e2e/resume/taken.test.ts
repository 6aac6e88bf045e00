import { expect, test } from "bun:test";
import { read, size, until, writeRandom } from "../../support/files.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { SIZE, Scene, converse, serverOver } from "../../support/resume.ts";
import { body, BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const MIB = 1024 * 1024;

const content = Buffer.alloc(4 * BLOCK_SIZE, "content of a file ");
const first = content.subarray(0, 3 * BLOCK_SIZE);
const rest = content.subarray(first.length);
const HELD = `213 offset=${first.length} digest=${fileDigest(first)}`;
const BEGIN = `PUT f size=${content.length} part=${KEY}`;
const GO_ON = `${BEGIN} offset=${first.length}\n`;

/** Begins an upload and waits until the server has read what there is of it. */
async function begin(folder: TemporaryFolder, client: RawClient): Promise<void> {
  client.send("STAT x\n", `${BEGIN}\n`, body(first));
  expect(await client.reply()).toStartWith("550 ");
  await until(() => size(folder.join("f")) === 0 && staged(folder) > 0);
}

function staged(folder: TemporaryFolder): number {
  return [...new Bun.Glob(".sftp-staging/*").scanSync({ cwd: folder.path, dot: true })].length;
}

test("HELD takes an upload from the session that is in the middle of it, whose connection stays", async () => {
  using folder = new TemporaryFolder();
  await using server = await serverOver(folder.path);
  using one = await converse(server);
  using two = await converse(server);
  await begin(folder, one);
  // What was sent before the next request is surely read when that is answered.
  const held = await two.sendLine(`HELD f part=${KEY}`).reply();
  expect(held).toStartWith("213 offset=");
  expect(await one.reply()).toStartWith("426 taken ");
  one.send(body(rest), "END\nNOOP\n");
  expect(await one.reply()).toBe("200");

  const offset = Number(/offset=(\d+)/.exec(held)?.[1]);
  two.send(`${BEGIN} offset=${offset}\n`, body(content.subarray(offset)), "END\n");
  expect(await two.reply()).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
  expect(read(folder.join("f"))?.equals(content)).toBe(true);
  expect(staged(folder)).toBe(0);
});

test("the session that lost an upload may take it back, and the last one has it", async () => {
  using folder = new TemporaryFolder();
  await using server = await serverOver(folder.path);
  using one = await converse(server);
  using two = await converse(server);
  one.send(`${BEGIN}\n`, body(first), "ABORT\n");
  expect(await one.reply()).toStartWith("426 ");
  for (let turn = 0; turn < 5; turn++) {
    expect(await one.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    expect(await two.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  }
  // One asks no further, and yet goes on: two is told when it tries to.
  one.send(GO_ON);
  await one.sendLine("~").send(body(rest)).sendLine("END");
  expect(await one.reply()).toStartWith("226 ");
  two.send(GO_ON, body(rest), "END\n");
  expect(await two.reply()).toStartWith("551 mismatch ");
  expect(read(folder.join("f"))?.equals(content)).toBe(true);
});

test("a session that only asked and said nothing more keeps nobody waiting", async () => {
  using folder = new TemporaryFolder();
  await using server = await serverOver(folder.path);
  using one = await converse(server);
  one.send(`${BEGIN}\n`, body(first), "ABORT\n");
  expect(await one.reply()).toStartWith("426 ");
  // Many at once, each of which may be digesting when the next one takes it.
  const clients = await Promise.all(Array.from({ length: 20 }, () => converse(server)));
  const replies = await Promise.all(
    clients.map((client) => client.sendLine(`HELD f part=${KEY}`).reply()),
  );
  expect(replies.filter((reply) => reply === HELD).length).toBeGreaterThan(0);
  for (const reply of replies) expect(reply === HELD || reply.startsWith("426 taken ")).toBe(true);
  expect(await one.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  for (const client of clients) expect(await client.sendLine("NOOP").reply()).toBe("200");
  for (const client of clients) client[Symbol.dispose]();
  one.send(GO_ON, body(rest), "END\n");
  expect(await one.reply()).toStartWith("226 ");
});

test("who digests what is held lets go of it at once, by HELD or by PUT, and when it is cancelled", async () => {
  using folder = new TemporaryFolder();
  await using server = await serverOver(folder.path);
  using begun = await converse(server);
  const large = Buffer.alloc(256 * BLOCK_SIZE, "large");
  begun.send(`PUT f part=${KEY}\n`, body(large), "ABORT\n");
  expect(await begun.reply()).toStartWith("426 ");
  const held = `213 offset=${large.length} digest=${fileDigest(large)}`;
  const put = `PUT f part=${KEY} offset=${large.length}\n`;
  const last = { content: Buffer.from("end") };
  for (const [ask, cancel] of [
    [`HELD f part=${KEY}\n`, ""],
    [`HELD f part=${KEY}\n`, "ABORT\n"],
    [put, ""],
    [put, "ABORT\n"],
  ] as const) {
    using other = await converse(server);
    // In front of what cancels it, it may be cancelled as well.
    other.send("NOOP\n");
    expect(await other.reply()).toBe("200");
    other.send(ask, cancel);
    let reply = await begun.sendLine(`HELD f part=${KEY}`).reply();
    // The other one may only now have come to it, and taken it; then it is taken back.
    if (reply.startsWith("426 taken")) {
      reply = await begun.sendLine(`HELD f part=${KEY}`).reply();
    }
    expect(reply).toBe(held);
    expect(await other.reply()).toMatch(/^(426|213) /);
  }
  begun.send(put, body(last.content), "END\n");
  expect(await begun.reply()).toStartWith("226 ");
  expect(read(folder.join("f"))?.length).toBe(large.length + 3);
});

test("an upload of a client that was stopped in its middle is taken over at once", async () => {
  // Were it waited for, the test would hang.
  await using scene = await Scene.start([], ["--line-timeout", "600"]);
  const bytes = writeRandom(scene.folder.join("client/f"), 100 * MIB);
  await using stopped = scene.start("PUT f");
  await until(() => scene.staged("server").some((part) => size(part) > 4 * MIB));
  stopped.process.kill("SIGSTOP");
  const ran = await scene.run("PUT f");
  expect(ran).toMatchObject({ status: 0, transferred: { bytes: bytes.length } });
  expect(Number(ran.transferred?.["reused"])).toBeGreaterThan(0);
  expect(read(scene.folder.join("server/f"))?.equals(bytes)).toBe(true);
  stopped.process.kill("SIGCONT");
  expect(await stopped.ended()).toBe(3);
  expect(stopped.log).toContain("Another session went on with this upload");
  expect(scene.staged("server")).toEqual([]);
});

test("an upload whose connection fell silent is taken over at once", async () => {
  await using scene = await Scene.start(
    [{ toServer: { afterContent: 5 * BLOCK_SIZE + 1, do: "silence" } }],
    ["--line-timeout", "600"],
  );
  const bytes = writeRandom(scene.folder.join("client/f"), SIZE);
  const ran = await scene.run("PUT f", "--timeout", "1");
  expect(ran).toMatchObject({ status: 0, transferred: { reused: 5 * BLOCK_SIZE } });
  expect(read(scene.folder.join("server/f"))?.equals(bytes)).toBe(true);
});
