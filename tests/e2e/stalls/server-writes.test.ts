import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { FastClient } from "../../support/fast-client.ts";
import { read } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { serveOthers } from "../../support/others.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { noStalls, stalling, StallingFolder } from "../../support/stalling-folder.ts";
import { steady } from "../../support/steady.ts";
import { block, BLOCK_SIZE, blockDigest, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
const MIB = 1024 * 1024;
const SIZE = 200 * MIB;
/** What a server may hold of an upload, with what the runtime has not given back. */
const BOUND = 64 * MIB;
/** What may be under way to it besides: buffers of the system on both sides. */
const IN_SOCKETS = 16 * MIB;

const DIGEST = fileDigest(Buffer.from("abc"));

/** Sends a file of which every block is another, as fast as the server takes it. */
async function push(client: FastClient): Promise<string> {
  const digests: Buffer[] = [];
  const content = Buffer.alloc(BLOCK_SIZE, "content ");
  for (let at = 0; at < SIZE; at += BLOCK_SIZE) {
    content.writeUInt32BE(at);
    const digest = blockDigest(content);
    digests.push(Buffer.from(digest, "hex"));
    await client.send(block(content, digest));
  }
  const digest = blockDigest(Buffer.concat(digests));
  await client.sendLine(`END digest=${digest}`);
  return digest;
}

test.skipIf(skipped)(
  stalling("while a PUT hangs in the disk it is held back, memory is bounded, others are served"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    await using server = await ServerProcess.start(disk.path);
    await serveOthers(folder, disk.behind, server.port, "before");
    await disk.stall({ op: "write", files: 1 });
    using client = await FastClient.open(server.port);
    const { socket } = client;
    let pushing: Promise<string> | undefined;
    const growth = await growthDuring(server, async () => {
      await client.sendLine(`PUT large size=${SIZE}`);
      pushing = push(client);
      await disk.held();
      const sent = await steady(() => socket.bytesWritten - socket.writableLength);
      expect(sent).toBeLessThan(BOUND + IN_SOCKETS);
      await serveOthers(folder, disk.behind, server.port, "meanwhile");
      expect(read(`${disk.behind}/large`)).toBeUndefined();
      await disk.release();
      await pushing;
      expect(await client.reply()).toBe(`226 size=${SIZE} digest=${await pushing}`);
    });
    expect(growth).toBeLessThan(BOUND);
    expect(fileDigest(read(`${disk.behind}/large`) ?? Buffer.alloc(0))).toBe((await pushing) ?? "");
  },
);

test.skipIf(skipped)(stalling("while many PUTs hang in the disk, others are served"), async () => {
  using folder = new TemporaryFolder();
  await using disk = await StallingFolder.mount(folder, "disk");
  await using server = await ServerProcess.start(disk.path);
  const many = 20;
  await disk.stall({ op: "write", files: many });
  using clients = new DisposableStack();
  const content = Buffer.alloc(10 * MIB, "many ");
  const stored: Promise<string>[] = [];
  for (let i = 1; i <= many; i++) {
    const client = clients.use(await FastClient.open(server.port));
    stored.push(client.put(`many-${i}`, { content }));
    await disk.held(i);
  }
  await serveOthers(folder, disk.behind, server.port, "meanwhile");
  await disk.release();
  for (const reply of await Promise.all(stored)) {
    expect(reply).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
  }
  for (let i = 1; i <= many; i++) {
    expect(read(`${disk.behind}/many-${i}`)?.equals(content)).toBe(true);
  }
});

test.skipIf(skipped).each(["close", "rename", "fsync"] as const)(
  stalling("while the %s that ends a PUT hangs, others are served and nothing is there early"),
  async (op) => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    await using server = await ServerProcess.start(disk.path, ["--durable"]);
    await disk.stall({ op, files: 1 });
    using client = await FastClient.open(server.port);
    const content = Buffer.from("the last step");
    const stored = client.put("folder/late", { content });
    await disk.held();
    // In the kernel, a rename out of the staging folder holds up others out of the same folder.
    if (op !== "rename") await serveOthers(folder, disk.behind, server.port, "meanwhile");
    using other = await FastClient.open(server.port);
    expect(await other.ask("NOOP")).toBe("200");
    expect(read(`${disk.behind}/folder/late`)).toBeUndefined();
    await disk.release();
    expect(await stored).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
    expect(read(`${disk.behind}/folder/late`)?.equals(content)).toBe(true);
  },
);

test.skipIf(skipped)(
  stalling("of one client's many small files no more than one waits for a disk that hangs"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    await using server = await ServerProcess.start(disk.path);
    await serveOthers(folder, disk.behind, server.port, "before");
    // In a folder each, since the system itself looks for one name once.
    const names = Array.from({ length: 60 }, (_, number) => `d${number}/x`);
    for (const name of names) mkdirSync(dirname(`${disk.behind}/${name}`));
    await disk.stall({ op: "lookup", name: "x" });
    using client = await RawClient.open(server.port);
    client.send(names.map((name) => `PUT ${name} size=3\n+3\nabcEND digest=${DIGEST}\n`).join(""));
    await disk.held();
    // Had they been begun with the first, they would hang by the time that all this is answered.
    using other = await RawClient.open(server.port);
    for (let at = 0; at < 200; at++)
      expect(await other.sendLine("STAT others").reply()).toMatch(/^2/);
    expect(disk.hung).toBe(1);
    await disk.release();
    for (const _ of names) expect(await client.reply()).toBe(`226 size=3 digest=${DIGEST}`);
    expect(names.map((name) => read(`${disk.behind}/${name}`)?.toString())).toEqual(
      names.map(() => "abc"),
    );
  },
);
