import { expect, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { until, writeRandom } from "../../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";

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

test("--rate-limit: connections of one user share it, those of another have their own", async () => {
  const folder = new TemporaryFolder();
  const users = folder.join("users");
  for (const name of ["anna", "bert"]) {
    const args = ["user", "add", name, "--file", users];
    expect(await run(args, { input: `password of ${name}\n` })).toMatchObject({ status: 0 });
  }
  writeRandom(folder.join("server/large"), 4 * MIB);
  writeRandom(folder.join("server/small"), 500);
  const flags = ["--tls", "--users", users, "--rate-limit", "1K"];
  await using scene = await SecureScene.start(flags, folder);
  using stack = new DisposableStack();
  const open = async (user: string): Promise<RawClient> => {
    const client = stack.use(await SecureClient.open(scene.port));
    expect(await client.logIn(user, `password of ${user}`)).toStartWith("230 ");
    return client.raw;
  };
  // From one address, as those in one office are.
  const anna = [await open("anna"), await open("anna")];
  for (const [index, name] of ["large", "small"].entries()) {
    expect(await anna[index]?.sendLine(`GET ${name}`).reply()).toStartWith("150 ");
  }
  const bert = await open("bert");
  expect(await bert.sendLine("GET small").reply()).toStartWith("150 ");
  expect((await bert.body()).content).toHaveLength(500);
  // The first block of the large one keeps both of the first user waiting for minutes.
  for (const client of anna) expect(await client.line()).toBe("~");
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
