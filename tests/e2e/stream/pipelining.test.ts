import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { read, writeRandom } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { body, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const folder = new TemporaryFolder();
const content = writeRandom(folder.join("file"), 400_000);
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const REQUESTS = 5000;

test(`${REQUESTS} requests sent before a reply is read are all answered, in order`, async () => {
  using client = await FastClient.open(server.port);
  client.freeze();
  const paths = Array.from({ length: REQUESTS }, (_, index) => `none/${index}`);
  const sent = client.send(paths.map((path) => `STAT ${path}\n`).join(""));
  client.thaw();
  await sent;
  for (const path of paths) {
    expect(await client.reply()).toBe(`550 not-found There is no folder ${path.slice(0, 4)}`);
  }
  expect(await client.ask("NOOP")).toBe("200");
});

test(`${REQUESTS} uploads sent before a reply is read are all stored`, async () => {
  using client = await FastClient.open(server.port);
  const uploads = Array.from(
    { length: REQUESTS },
    (_, index) => `PUT same\n+4\n${String(index).padStart(4, "0")}END\n`,
  );
  const sent = client.send(uploads.join(""));
  for (let index = 0; index < REQUESTS; index++) {
    const digest = fileDigest(Buffer.from(String(index).padStart(4, "0")));
    expect(await client.reply()).toBe(`226 size=4 digest=${digest}`);
  }
  await sent;
  expect(read(folder.join("same"))?.toString()).toBe(String(REQUESTS - 1));
});

test("FIN right behind requests: every one is answered", async () => {
  using client = await FastClient.open(server.port);
  await client.send("NOOP\nGET file\nPUT last size=400000\n");
  await client.send(body(content));
  await client.send("END\nGET last\nSTAT none\nLIST last\nNOOP\n");
  client.finish();
  const end = `226 digest=${fileDigest(content)}`;
  expect(await client.reply()).toBe("200");
  expect(await client.reply()).toStartWith("150 size=400000 ");
  expect((await client.body()).end).toBe(end);
  expect(await client.reply()).toBe(`226 size=400000 digest=${fileDigest(content)}`);
  expect(await client.reply()).toStartWith("150 size=400000 ");
  expect((await client.body()).end).toBe(end);
  expect(await client.reply()).toStartWith("550 not-found ");
  expect(await client.reply()).toBe("150");
  expect((await client.body()).end).toBe("226");
  expect(await client.lines()).toEqual(["200"]);
});

test("FIN inside of a body aborts it, and what stands before is answered", async () => {
  using client = await FastClient.open(server.port);
  await client.send("NOOP\nPUT unfinished size=400000\n");
  await client.send(body(content));
  client.finish();
  expect(await client.lines()).toEqual(["200", expect.stringMatching(/^426 aborted /)]);
  expect(read(folder.join("unfinished"))).toBeUndefined();
});
