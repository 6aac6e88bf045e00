import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { truncateSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, until, write, writeRandom } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
/** How often a slow client sends a byte, in milliseconds: each alone is well within the deadline. */
const DRIP_MS = 100;

/** Sends a byte now and then, for as long as the connection lasts. */
async function drip(client: FastClient, bytes: string | Uint8Array): Promise<string[]> {
  let at = 0;
  const timer = setInterval(() => {
    void client.send(Buffer.from(bytes).subarray(at, ++at));
  }, DRIP_MS);
  try {
    return await client.lines();
  } finally {
    clearInterval(timer);
  }
}

const hold = (before: string | Uint8Array) => async (client: FastClient) => {
  await client.send(before);
  return client.lines();
};

const half = block(Buffer.alloc(BLOCK_SIZE)).subarray(0, 100_000);

/** What a client does that keeps the server waiting. */
const SLOW: Readonly<Record<string, (client: FastClient) => Promise<string[]>>> = {
  "nothing after connecting": hold(""),
  "nothing after a request": hold("NOOP\n"),
  "a line without its end": hold("STAT some"),
  "a byte now and then of a line": (client) => drip(client, "a".repeat(4000)),
  "nothing after PUT": hold("PUT slow size=300000\n"),
  "nothing after a block": hold(Buffer.concat([Buffer.from("PUT slow\n"), block(Buffer.alloc(5))])),
  "a block's header without its end": hold("PUT slow size=300000\n+2621"),
  "a block's header without its bytes": hold("PUT slow size=300000\n+262144\n"),
  "a block without its end": hold(Buffer.concat([Buffer.from("PUT slow size=300000\n"), half])),
  "a byte now and then of a block": async (client) => {
    await client.send("PUT slow size=300000\n+262144\n");
    return drip(client, Buffer.alloc(BLOCK_SIZE));
  },
};

test("who is slow or silent is closed by a deadline, and honest clients do not notice", async () => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("server/honest"), 3 * MIB);
  const flags = ["--line-timeout", "1", "--idle-timeout", "1", "--min-rate", "1K"];
  await using server = await ServerProcess.start(folder.join("server"), flags);
  let closed = 0;
  const slow = Object.entries(SLOW).map(async ([what, act]) => {
    using client = await FastClient.open(server.port);
    const lines = await act(client);
    closed++;
    expect(lines.at(-1), what).toStartWith("421 idle ");
    expect(
      lines.filter((line) => line.startsWith("4")),
      what,
    ).toHaveLength(1);
  });
  using honest = await FastClient.open(server.port);
  while (closed < slow.length) {
    expect(await honest.ask("NOOP")).toBe("200");
    expect(await honest.get("honest")).toMatchObject({
      end: `226 digest=${fileDigest(content)}`,
      bytes: content.length,
    });
    expect(await honest.put("put", { content })).toStartWith("226 ");
  }
  await Promise.all(slow);
  expect(await honest.ask("NOOP")).toBe("200");
  await until(() => filesUnder(folder.join("server")).length === 2);
  expect(filesUnder(folder.join("server"))).toEqual(["honest", "put"]);
});

test("FIN behind the header of a body ends it at once", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.path);
  for (const sent of [
    "PUT cut size=5\n",
    "PUT cut size=5\n+5",
    "PUT cut size=5\n+5\n",
    "PUT cut\n+5\nhel",
  ]) {
    using client = await FastClient.open(server.port);
    await client.send(sent);
    client.finish();
    expect(await client.lines()).toEqual([expect.stringMatching(/^426 aborted /)]);
  }
  using client = await FastClient.open(server.port);
  await client.send("STAT");
  client.finish();
  expect(await client.lines()).toEqual([]);
  await until(() => filesUnder(folder.path).length === 0);
});

describe("who does not read", () => {
  const flags = ["--line-timeout", "2", "--min-rate", "1K"];
  const cutFor = "reads less than 1024 bytes a second";

  test("100 that ask for 64 MiB each: memory is bounded, then they are cut", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("large"), "");
    truncateSync(folder.join("large"), 64 * MIB);
    await using server = await ServerProcess.start(folder.path, flags);
    using stack = new DisposableStack();
    const hold = async (): Promise<void> => {
      for (let index = 0; index < 100; index++) {
        const client = stack.use(await FastClient.open(server.port));
        client.freeze();
        await client.sendLine("GET large");
      }
      await until(() => server.log.split(cutFor).length > 100);
    };
    expect(await growthDuring(server, hold)).toBeLessThan(400 * MIB);
    using client = await FastClient.open(server.port);
    expect(await client.ask("NOOP")).toBe("200");
  });

  test("requests whose replies stay unread are not read either: memory is bounded", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.path, flags);
    using client = await FastClient.open(server.port);
    client.freeze();
    // Each is answered with a message of the same length.
    const requests = Buffer.from(`STAT a digest=${"0".repeat(4000)}\n`.repeat(256));
    let taken = 0;
    const send = async (): Promise<void> => {
      const cut = server.waitFor(new RegExp(cutFor)).then(() => true);
      while (taken < 200 * MIB) {
        const sent = client.send(requests).then(() => false);
        if ((await Promise.race([cut, sent])) || client.ended) return;
        taken += requests.length;
      }
    };
    expect(await growthDuring(server, send)).toBeLessThan(100 * MIB);
    expect(taken).toBeLessThan(100 * MIB);
  });
});

describe("a server that works says so every 5 s", () => {
  test("110 while it waits for the body of a PUT, and ~ keeps that alive", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.path);
    using client = await FastClient.open(server.port);
    await client.send("PUT late size=5\n~\n");
    expect(await client.line()).toBe("110 done=0");
    await client.send("~\n+5\nhello~\nEND\n");
    expect(await client.line()).toBe(`226 size=5 digest=${fileDigest(Buffer.from("hello"))}`);
  });
});

test("a real client that reads nothing more does not hold up another", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("server/file"), MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  using deaf = await FastClient.open(server.port);
  deaf.freeze();
  await deaf.send("GET file\n".repeat(1000));
  const ran = await connect(folder.join("client"), server.port, "GET file");
  expect(ran.status).toBe(0);
});
