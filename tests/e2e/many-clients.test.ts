import { describe, expect, test } from "bun:test";
import { connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { filesUnder, read, writeRandom } from "../support/files.ts";
import { RawClient } from "../support/raw-client.ts";
import { block, BLOCK_SIZE, body, fileDigest } from "../support/wire.ts";

const CLIENTS = 30;
const MIB = 1024 * 1024;

/** Clients that hold on to the server, each in its own way. */
async function nuisances(port: number): Promise<DisposableStack> {
  using stack = new DisposableStack();
  const open = async (): Promise<RawClient> => stack.use(await RawClient.open(port));
  for (let i = 0; i < 5; i++) {
    // Silent.
    await open();
    // Stopped in the middle of a line.
    (await open()).send("GET sha");
    // Stopped in the middle of a body: before a block, within its header, within its bytes.
    (await open()).sendLine("PUT stuck size=300000");
    (await open()).send("PUT stuck size=300000\n+262");
    const half = block(Buffer.alloc(BLOCK_SIZE)).subarray(0, 100_000);
    (await open()).send("PUT stuck size=300000\n", half);
    // Asks for a lot and never reads.
    const deaf = await open();
    deaf.socket.pause();
    deaf.send("GET shared.bin\n".repeat(100));
    // Gone in the middle of both.
    const gone = await open();
    gone.send("GET shared.bin\nPUT gone size=300000\n", half);
    gone.socket.resetAndDestroy();
  }
  return stack.move();
}

test(`${CLIENTS} clients at once are served while others hold on: nobody waits`, async () => {
  using folder = new TemporaryFolder();
  const shared = writeRandom(folder.join("server/shared.bin"), 4 * MIB + 1);
  await using server = await ServerProcess.start(folder.join("server"));
  using _held = await nuisances(server.port);

  const served = Array.from({ length: CLIENTS }, async (_, index) => {
    const root = folder.join(`client-${index}`);
    const own = writeRandom(folder.join(`client-${index}/own.bin`), MIB + index);
    const commands = `GET shared.bin; PUT own.bin put/${index}.bin; GET put/${index}.bin back.bin`;
    const ran = await connect(root, server.port, commands);
    expect(ran.stderr).toMatch(/^Connected to .*\nGET .*\nPUT .*\nGET .*\nClosed .*\n$/);
    expect(ran.status).toBe(0);
    expect(read(folder.join(`client-${index}/shared.bin`))?.equals(shared)).toBe(true);
    expect(read(folder.join(`server/put/${index}.bin`))?.equals(own)).toBe(true);
    expect(read(folder.join(`client-${index}/back.bin`))?.equals(own)).toBe(true);
  });
  await Promise.all(served);
  const visible = filesUnder(folder.join("server")).filter((name) => !name.startsWith("."));
  expect(visible).toHaveLength(CLIENTS + 1);
});

describe("on one name at once", () => {
  test("every PUT is whole, and the file is one of them", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"));
    const contents = Array.from({ length: 8 }, (_, index) =>
      writeRandom(folder.join(`files/${index}`), MIB),
    );
    const put = async (content: Buffer): Promise<void> => {
      using client = await RawClient.open(server.port);
      client.send(`PUT same size=${content.length}\n`, body(content), "END\n");
      const digest = fileDigest(content);
      expect(await client.line()).toBe(`226 size=${content.length} digest=${digest}`);
    };
    await Promise.all(contents.map(put));
    const stored = read(folder.join("server/same"));
    expect(contents.some((content) => stored?.equals(content) === true)).toBe(true);
  });

  test("a GET that is under way goes on with what it began", async () => {
    using folder = new TemporaryFolder();
    const old = writeRandom(folder.join("server/same"), 24 * MIB);
    await using server = await ServerProcess.start(folder.join("server"));
    using reader = await RawClient.open(server.port);
    reader.sendLine("GET same");
    expect(await reader.line()).toStartWith("150 ");
    reader.socket.pause();
    using writer = await RawClient.open(server.port);
    writer.send("PUT same size=3\n", block(Buffer.from("new")), "END\n");
    expect(await writer.line()).toStartWith("226 ");
    reader.socket.resume();
    const { content, end } = await reader.body();
    expect(end).toBe(`226 digest=${fileDigest(old)}`);
    expect(content.equals(old)).toBe(true);
    expect(read(folder.join("server/same"))?.toString()).toBe("new");
  });

  test("of many with if=absent exactly one is stored", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"));
    const put = async (index: number): Promise<string> => {
      using client = await RawClient.open(server.port);
      client.send("PUT once if=absent\n", block(Buffer.from(`from ${index}`)), "END\n");
      return await client.line();
    };
    const replies = await Promise.all(Array.from({ length: 10 }, (_, index) => put(index)));
    expect(replies.filter((reply) => reply.startsWith("226 "))).toHaveLength(1);
    expect(replies.filter((reply) => reply.startsWith("553 exists "))).toHaveLength(9);
  });
});
