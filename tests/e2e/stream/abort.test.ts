import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, until, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const GIB = 1024 ** 3;
const ENTRIES = 40_000;
/** So long that a listing does not fit into what the systems of both sides keep. */
const DEEP = Array.from({ length: 4 }, () => "d".repeat(200)).join("/");

const folder = new TemporaryFolder();
const cancelled = /^426 aborted Cancelled$/;
let server: ServerProcess;

beforeAll(async () => {
  write(folder.join("root/large"), "");
  truncateSync(folder.join("root/large"), 4 * GIB);
  write(folder.join("root/small"), "small");
  mkdirSync(folder.join("tree", DEEP), { recursive: true });
  for (let index = 0; index < ENTRIES; index++) {
    writeFileSync(join(folder.path, "tree", DEEP, `${index}`), "");
  }
  server = await ServerProcess.start(folder.join("root"));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function expectUsable(client: FastClient): Promise<void> {
  expect(await client.ask("NOOP")).toBe("200");
  expect(await client.get("small")).toMatchObject({ bytes: 5 });
}

describe("ABORT outside of a body", () => {
  test("is 225 where nothing runs, and where only another one does", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("ABORT")).toBe("225");
    expect(await client.ask("abort")).toBe("225");
    await client.send("STAT large digest=1\nABORT\nABORT\nABORT\n");
    expect(await client.reply()).toMatch(cancelled);
    for (let abort = 0; abort < 3; abort++) expect(await client.reply()).toBe("225");
    await expectUsable(client);
  });

  test("takes no key of the one within a body", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("ABORT drop=1")).toStartWith("501 argument ");
    await expectUsable(client);
  });

  test("cuts a GET between two blocks", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("GET large")).toStartWith(`150 size=${4 * GIB} `);
    expect(await client.reply()).toStartWith(`+${BLOCK_SIZE} `);
    await client.bytes(BLOCK_SIZE);
    await client.sendLine("ABORT");
    const { bytes, end } = await client.body();
    expect(end).toMatch(cancelled);
    expect(bytes).toBeLessThan(GIB);
    expect(await client.reply()).toBe("225");
    await expectUsable(client);
  });

  test("reaches a GET whose client reads nothing meanwhile", async () => {
    using client = await FastClient.open(server.port);
    await client.ask("GET large");
    client.freeze();
    await client.sendLine("ABORT");
    client.thaw();
    const { bytes, end } = await client.body();
    expect(end).toMatch(cancelled);
    expect(bytes).toBeLessThan(GIB);
    expect(await client.reply()).toBe("225");
    await expectUsable(client);
  });

  test("cancels all that was asked for before it and nothing behind", async () => {
    using client = await FastClient.open(server.port);
    await client.ask("GET large");
    await client.send("GET large\nSTAT large digest=1\nLIST\nPUT never\n+5\nhelloEND\n");
    await client.send("MKDIR never\nABORT\nNOOP\nPUT later\n+5\nhelloEND\n");
    expect((await client.body()).end).toMatch(cancelled);
    for (let request = 0; request < 5; request++) expect(await client.reply()).toMatch(cancelled);
    expect(await client.reply()).toBe("225");
    expect(await client.reply()).toBe("200");
    expect(await client.reply()).toStartWith("226 size=5 ");
    await expectUsable(client);
    expect(filesUnder(folder.join("root")).filter((name) => !name.startsWith("."))).toEqual([
      "large",
      "later",
      "small",
    ]);
  });

  test("cuts a digest that is being computed", async () => {
    using client = await FastClient.open(server.port);
    await client.send("STAT large digest=1\nABORT\n");
    expect(await client.reply()).toMatch(cancelled);
    expect(await client.reply()).toBe("225");
    await expectUsable(client);
  });

  test(`cuts the listing of a tree of ${ENTRIES} files`, async () => {
    await using other = await ServerProcess.start(folder.join("tree"));
    using client = await FastClient.open(other.port);
    expect(await client.ask("LIST recursive=1")).toBe("150");
    const header = await client.line();
    await client.bytes(Number(/\d+/.exec(header)?.[0]));
    client.freeze();
    await client.sendLine("ABORT");
    client.thaw();
    const { bytes, end } = await client.body();
    expect(end).toMatch(cancelled);
    expect(bytes).toBeLessThan(ENTRIES * DEEP.length);
    expect(await client.reply()).toBe("225");
    expect(await client.ask("NOOP")).toBe("200");
  });
});

describe("ABORT within a body", () => {
  test.each(["ABORT", "ABORT drop=1", "abort"])(
    "%s: 426 alone, and nothing is stored",
    async (line) => {
      using client = await FastClient.open(server.port);
      for (const before of ["", "~\n", "+5\nhello"]) {
        await client.send(`PUT forgotten\n${before}${line}\n`);
        expect(await client.reply()).toStartWith("426 aborted The upload is cancelled");
        await expectUsable(client);
      }
      await client.send(
        Buffer.concat([Buffer.from("PUT forgotten\n"), block(Buffer.alloc(BLOCK_SIZE))]),
      );
      expect(await client.ask(line)).toStartWith("426 aborted The upload is cancelled");
      await expectUsable(client);
      expect(read(folder.join("root/forgotten"))).toBeUndefined();
      await until(() => filesUnder(folder.join("root")).every((name) => !name.startsWith(".")));
    },
  );

  test("gets no reply of its own where the upload had failed", async () => {
    using client = await FastClient.open(server.port);
    await client.send("PUT con size=5\n+5\nhello");
    expect(await client.reply()).toStartWith("553 name ");
    expect(await client.ask("ABORT\nNOOP")).toBe("200");
    await expectUsable(client);
  });

  test("leaves what was asked for before it alone", async () => {
    using client = await FastClient.open(server.port);
    await client.send("GET small\nPUT forgotten\n+5\nhelloABORT\nNOOP\n");
    expect(await client.reply()).toStartWith("150 size=5 ");
    expect((await client.body()).end).toStartWith("226 ");
    expect(await client.reply()).toStartWith("426 aborted ");
    expect(await client.reply()).toBe("200");
  });
});
