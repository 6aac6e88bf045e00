import { expect, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { until, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";

const MIB = 1024 * 1024;

test("--rate-limit: connections of one address share it, both ways", async () => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("root/f"), MIB);
  await using server = await ServerProcess.start(folder.join("root"), ["--rate-limit", "1M"]);
  using stack = new DisposableStack();
  const clients = await Promise.all(
    Array.from({ length: 4 }, async () => stack.use(await FastClient.open(server.port))),
  );
  const started = performance.now();
  const ends = await Promise.all(
    clients.map(async (client, index) =>
      index % 2 === 0 ? (await client.get("f")).end : client.put(`f${index}`, { content }),
    ),
  );
  expect(ends.every((end) => end.startsWith("226 "))).toBe(true);
  // Of 4 MiB one may pass at once; faster than this only the limit's absence can be.
  expect(performance.now() - started).toBeGreaterThan(2900);
});

test("what waits for its rate is alive, can be cancelled, and ends with its connection", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("root/f"), 4 * MIB);
  const flags = ["--rate-limit", "1K", "--line-timeout", "2", "--idle-timeout", "60"];
  await using server = await ServerProcess.start(folder.join("root"), flags);
  using client = await FastClient.open(server.port);
  await client.sendLine("GET f");
  expect(await client.reply()).toStartWith("150 ");
  // The first block alone would take minutes.
  expect(await client.line()).toBe("~");
  await client.sendLine("ABORT");
  expect(await client.line()).toStartWith("426 aborted ");
  expect(await client.line()).toBe("225");
  expect(await client.ask("NOOP")).toBe("200");
  {
    using gone = await FastClient.open(server.port);
    await gone.sendLine("GET f");
    expect(await gone.reply()).toStartWith("150 ");
    gone.reset();
  }
  await until(() => server.log.includes("disconnected (lost"));
});

test("a real client transfers at the rate, and is not taken for slow", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("client/f"), 2 * MIB);
  const flags = ["--rate-limit", "600K", "--line-timeout", "1", "--min-rate", "100M"];
  await using server = await ServerProcess.start(folder.join("root"), flags);
  const started = performance.now();
  const ran = await connect(folder.join("client"), server.port, "PUT f");
  expect(ran.stderr).toContain("verified");
  expect(ran.status).toBe(0);
  expect(performance.now() - started).toBeGreaterThan(2000);
});
