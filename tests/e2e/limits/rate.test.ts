import { expect, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { publishedUnder, until, writeRandom } from "../../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";
import { contentsOf } from "../../support/trees.ts";
import { body, fileDigest } from "../../support/wire.ts";

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

/** Uploads of small files as they are sent at once. */
function putAll(names: readonly string[], contentOf: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(
    names.flatMap((name, index) => {
      const content = contentOf(index);
      const end = `END digest=${fileDigest(content)}\n`;
      return [Buffer.from(`PUT ${name} size=${content.length}\n`), body(content), Buffer.from(end)];
    }),
  );
}

/** Names of many small files. */
function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `f${index}`);
}

test("--rate-limit: many small files that come at once share it, both ways", async () => {
  using folder = new TemporaryFolder();
  const names = namesOf(512);
  const contents = names.map((name) => writeRandom(folder.join("root", name), 4096));
  await using server = await ServerProcess.start(folder.join("root"), ["--rate-limit", "1M"]);
  using getting = await FastClient.open(server.port);
  using putting = await FastClient.open(server.port);
  const started = performance.now();
  const get = async (): Promise<void> => {
    await getting.send(names.map((name) => `GET ${name}\n`).join(""));
    for (const content of contents) {
      expect(await getting.reply()).toStartWith("150 size=4096 ");
      expect((await getting.body()).end).toBe(`226 digest=${fileDigest(content)}`);
    }
  };
  const put = async (): Promise<void> => {
    const others = names.map((name) => `other-${name}`);
    const sent = putting.send(putAll(others, (index) => contents[index] ?? Buffer.alloc(0)));
    for (const _ of names) expect(await putting.reply()).toStartWith("226 size=4096 ");
    await sent;
  };
  await Promise.all([get(), put()]);
  // Of 4 MiB one may pass at once.
  expect(performance.now() - started).toBeGreaterThan(2900);
});

/** Two files that pass at once, and many that would take a quarter of an hour. */
const SLOW = namesOf(64);

function slowSize(index: number): number {
  return index < 2 ? 500 : 16_000;
}

test.each(["GET", "PUT"])(
  "%s: small files that wait for the rate can be cancelled",
  async (verb) => {
    using folder = new TemporaryFolder();
    const contents = SLOW.map((name, index) =>
      writeRandom(folder.join(verb === "GET" ? "root" : "client", name), slowSize(index)),
    );
    await using server = await ServerProcess.start(folder.join("root"), ["--rate-limit", "1K"]);
    using client = await FastClient.open(server.port);
    if (verb === "GET") await client.send(SLOW.map((name) => `GET ${name}\n`).join(""));
    else await client.send(putAll(SLOW, (index) => contents[index] ?? Buffer.alloc(0)));
    const replies = [];
    for (const [index] of SLOW.entries()) {
      let reply = await client.reply();
      if (reply.startsWith("150 ")) reply = (await client.body()).end;
      replies.push(reply.split(" ")[0]);
      // What it waits for is another file now.
      if (index === 1) await client.sendLine("ABORT");
    }
    expect(replies).toEqual(SLOW.map((_, index) => (index < 2 ? "226" : "426")));
    expect(await client.reply()).toBe("225");
    expect(await client.ask("NOOP")).toBe("200");
    if (verb === "PUT") expect(publishedUnder(folder.join("root"))).toHaveLength(2);
  },
);

test.each(["GET", "PUT"])(
  "%s: small files that wait for the rate end with their connection",
  async (verb) => {
    using folder = new TemporaryFolder();
    const contents = SLOW.map((name, index) =>
      writeRandom(folder.join(verb === "GET" ? "root" : "client", name), slowSize(index)),
    );
    await using server = await ServerProcess.start(folder.join("root"), ["--rate-limit", "1K"]);
    {
      using client = await FastClient.open(server.port);
      if (verb === "GET") await client.send(SLOW.map((name) => `GET ${name}\n`).join(""));
      else await client.send(putAll(SLOW, (index) => contents[index] ?? Buffer.alloc(0)));
      expect(await client.reply()).toStartWith(verb === "GET" ? "150 size=500 " : "226 size=500 ");
      client.reset();
    }
    await until(() => server.log.includes("disconnected ("));
    if (verb === "PUT") expect(publishedUnder(folder.join("root")).length).toBeLessThanOrEqual(2);
  },
);

test("a small file that waits for the rate behind one that is missing is told to be on its way", async () => {
  using folder = new TemporaryFolder();
  const names = namesOf(10);
  for (const name of names) writeRandom(folder.join("root", name), 16_000);
  await using server = await ServerProcess.start(folder.join("root"), ["--rate-limit", "1K"]);
  using client = await FastClient.open(server.port);
  await client.send(["none", "none", ...names].map((name) => `GET ${name}\n`).join(""));
  for (let count = 0; count < 2; count++) expect(await client.line()).toStartWith("550 not-found");
  // The file takes a quarter of a minute.
  expect(await client.line()).toStartWith("110 ");
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

test("a real client transfers small files at the rate, both ways, and is not taken for slow", async () => {
  using folder = new TemporaryFolder();
  const names = namesOf(300);
  for (const name of names) writeRandom(folder.join("client/d", name), 4096);
  const flags = ["--rate-limit", "600K", "--line-timeout", "1", "--min-rate", "100M"];
  await using server = await ServerProcess.start(folder.join("root"), flags);
  const started = performance.now();
  const ran = await connect(folder.join("client"), server.port, "PUT -r d; GET -r d back");
  expect(ran).toMatchObject({ status: 0 });
  // Of 2,400 KiB 600 may pass at once.
  expect(performance.now() - started).toBeGreaterThan(2900);
  expect(contentsOf(folder.join("client/back"))).toEqual(contentsOf(folder.join("client/d")));
});
