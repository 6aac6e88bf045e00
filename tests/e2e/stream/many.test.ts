import { expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(120_000);

const CLIENTS = 200;
const PROCESSES = 10;
const EACH = 20;
const MIB = 1024 * 1024;

/** Clients that hold on to the server: in a line, in a body, and with replies that they never read. */
async function holdOn(port: number, stack: DisposableStack): Promise<void> {
  const half = block(Buffer.alloc(BLOCK_SIZE)).subarray(0, 100_000);
  const open = async (): Promise<FastClient> => stack.use(await FastClient.open(port));
  for (let index = 0; index < EACH; index++) {
    await (await open()).send("GET comm");
    await (await open()).send(Buffer.concat([Buffer.from("PUT held size=300000\n"), half]));
    const deaf = await open();
    deaf.freeze();
    await deaf.send("GET common\n".repeat(20));
  }
}

test(`${CLIENTS} clients at once, and ${3 * EACH} that hold on: all is right, and nobody starves`, async () => {
  using folder = new TemporaryFolder();
  const common = writeRandom(folder.join("server/common"), 3 * MIB + 1);
  await Bun.$`mkfifo ${folder.join("server/fifo")}`;
  await using server = await ServerProcess.start(folder.join("server"));
  using stack = new DisposableStack();
  await holdOn(server.port, stack);

  const own = (index: number): Buffer =>
    Buffer.alloc(BLOCK_SIZE + 1000 * index, `the own file of ${index}\n`);
  const served = Array.from({ length: CLIENTS }, async (_, index) => {
    using client = await FastClient.open(server.port);
    const content = own(index);
    const digest = fileDigest(content);
    const got = { bytes: content.length, digest, end: `226 digest=${digest}` };
    expect(await client.put(`own/${index}`, { content })).toBe(
      `226 size=${content.length} digest=${digest}`,
    );
    expect((await client.get("common")).digest).toBe(fileDigest(common));
    expect(await client.ask("GET fifo")).toStartWith("553 not-a-file ");
    expect(await client.get(`own/${index}`)).toEqual(got);
  });
  const processes = Array.from({ length: PROCESSES }, async (_, index) => {
    const root = folder.join(`client-${index}`);
    const content = writeRandom(folder.join(`client-${index}/mine`), MIB + index);
    const commands = `PUT mine real/${index}; GET common; GET real/${index} back; -GET fifo`;
    const ran = await connect(root, server.port, commands);
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stderr).toContain("GET fifo: ");
    expect(read(folder.join(`client-${index}/back`))?.equals(content)).toBe(true);
    expect(read(folder.join(`client-${index}/common`))?.equals(common)).toBe(true);
    expect(read(folder.join(`server/real/${index}`))?.equals(content)).toBe(true);
  });
  await Promise.all([...served, ...processes]);

  for (let index = 0; index < CLIENTS; index++) {
    expect(read(folder.join(`server/own/${index}`))?.equals(own(index))).toBe(true);
  }
  const visible = filesUnder(folder.join("server")).filter((name) => !name.startsWith("."));
  expect(visible).toHaveLength(CLIENTS + PROCESSES + 2);
});
