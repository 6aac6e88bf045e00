import { describe, expect, test } from "bun:test";
import { rmSync, utimesSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, size, until, write, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { Scene } from "../../support/resume.ts";
import { block, body, BLOCK_SIZE } from "../../support/wire.ts";

const KEY = "0123456789abcdef".repeat(2);
const MIB = 1024 * 1024;

function serve(folder: TemporaryFolder, ...flags: string[]): Promise<ServerProcess> {
  return ServerProcess.start(folder.join("root"), flags);
}

/** Bytes of everything in a root, staging included. */
function bytesUnder(root: string): number {
  return filesUnder(root).reduce((sum, name) => sum + size(`${root}/${name}`), 0);
}

describe("--quota", () => {
  test("what was there counts; what cannot fit is refused before its body", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("root/deep/there"), Buffer.alloc(6000));
    await using server = await serve(folder, "--quota", "10K");
    using client = await FastClient.open(server.port);
    expect(await client.ask("PUT new size=4241")).toBe(
      "552 quota new needs 4241 bytes more, and the quota leaves 4240 bytes",
    );
    await client.send("END\n");
    expect(await client.put("new", { content: Buffer.alloc(4240) })).toStartWith("226 ");
    expect(await client.put("one", { content: Buffer.alloc(1) })).toStartWith("552 quota ");
    expect(await client.put("empty", { content: Buffer.alloc(0) })).toStartWith("226 ");
    // A file of the same size takes no more room in the end, but while it is stored both are there.
    expect(await client.put("new", { content: Buffer.alloc(4240) })).toStartWith("552 quota ");
    expect(await client.ask("DELETE deep/there")).toBe("250");
    expect(await client.put("new", { content: Buffer.alloc(6000) })).toStartWith("226 ");
    // The replaced one is counted no more: 10,240 less 6,000.
    expect(await client.put("rest", { content: Buffer.alloc(4240) })).toStartWith("226 ");
    expect(await client.put("one", { content: Buffer.alloc(1) })).toStartWith("552 quota ");
    expect(bytesUnder(folder.join("root"))).toBe(10_240);
  });

  test("where no size is known it is refused while it comes, and what came is given back", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "1M");
    using client = await FastClient.open(server.port);
    await client.send("PUT endless\n");
    for (let blocks = 0; blocks < 5; blocks++) await client.send(block(Buffer.alloc(BLOCK_SIZE)));
    expect(await client.reply()).toStartWith("552 quota endless needs 256.0 KiB more");
    await client.send("END\n");
    expect(await client.put("whole", { content: Buffer.alloc(MIB) })).toStartWith("226 ");
    expect(filesUnder(folder.join("root"))).toEqual(["whole"]);
  });

  test("of two that are stored at once only one gets the last room", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "1M");
    using one = await FastClient.open(server.port);
    using two = await FastClient.open(server.port);
    const content = Buffer.alloc(600_000);
    const begun = `PUT one size=${content.length}\n~\n`;
    await one.send(begun);
    await until(() => filesUnder(folder.join("root")).length === 1);
    expect(await two.ask(begun.replace("one", "two").trimEnd())).toStartWith("552 quota ");
    await two.send("END\n");
    await one.send(body(content));
    expect(await one.ask("END")).toStartWith("226 ");

    // The same where many ask for it in the same moment.
    using stack = new DisposableStack();
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => stack.use(await FastClient.open(server.port))),
    );
    const replies = await Promise.all(
      clients.map((client, index) =>
        client.put(`at-once-${index}`, { content: Buffer.alloc(100_000) }),
      ),
    );
    expect(replies.filter((reply) => reply.startsWith("226 "))).toHaveLength(4);
    expect(replies.filter((reply) => reply.startsWith("552 quota "))).toHaveLength(16);
    expect(bytesUnder(folder.join("root"))).toBe(1_000_000);
  });

  test("many that replace one file, and delete it, count it right", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "1M");
    using stack = new DisposableStack();
    const clients = await Promise.all(
      Array.from({ length: 10 }, async () => stack.use(await FastClient.open(server.port))),
    );
    for (let round = 0; round < 10; round++) {
      const replies = await Promise.all(
        clients.map((client, index) =>
          index === 9
            ? client.ask("DELETE same")
            : client.put("same", { content: Buffer.alloc(1000 * (index + 1)) }),
        ),
      );
      expect(replies.slice(0, 9).every((reply) => reply.startsWith("226 "))).toBe(true);
    }
    const [client] = clients;
    await client?.ask("DELETE same");
    // Had one byte been lost or won by all that, one of these would go wrong.
    expect(await client?.put("all", { content: Buffer.alloc(MIB) })).toStartWith("226 ");
    expect(await client?.put("more", { content: Buffer.alloc(1) })).toStartWith("552 ");
  });

  test("what an interrupted upload has left counts until it is gone on with, or forgotten", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "1M");
    {
      using client = await FastClient.open(server.port);
      await client.send(`PUT part size=${MIB} part=${KEY} offset=0\n`);
      for (let blocks = 0; blocks < 3; blocks++) await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      expect(await client.ask("ABORT")).toStartWith("426 aborted ");
    }
    await until(() => filesUnder(folder.join("root")).some((name) => name.includes(".kept.")));
    using client = await FastClient.open(server.port);
    const small = Buffer.alloc(BLOCK_SIZE);
    expect(await client.put("small", { content: small })).toStartWith("226 ");
    // What somebody is about to go on with is not dropped for others.
    expect(await client.ask(`HELD part part=${KEY}`)).toStartWith("213 offset=786432 ");
    expect(await client.put("one", { content: Buffer.alloc(1) })).toBe(
      "552 quota one needs 1 B more, and the quota leaves 0 B: uploads that are under way take 768.0 KiB",
    );
    // Also where it waits to be gone on with, what is to come has no room: refused before it comes.
    expect(await client.ask(`HELD part part=${KEY}`)).toStartWith("213 offset=786432 ");
    expect(await client.ask(`PUT part size=${MIB} part=${KEY} offset=786432`)).toBe(
      "552 quota part needs 256.0 KiB more, and the quota leaves 0 B",
    );
    await client.send("END\n");
    expect(await client.ask("DELETE small")).toBe("250");
    expect(await client.ask(`HELD part part=${KEY}`)).toStartWith("213 offset=786432 ");
    await client.send(`PUT part size=${MIB} part=${KEY} offset=786432\n`);
    await client.send(block(Buffer.alloc(BLOCK_SIZE)));
    expect(await client.ask("END")).toStartWith(`226 size=${MIB} `);
    expect(await client.ask("DELETE part")).toBe("250");

    await client.send(`PUT part size=${MIB} part=${KEY} offset=0\n`);
    await client.send(block(small));
    expect(await client.ask("ABORT drop=1")).toStartWith("426 ");
    expect(await client.put("whole", { content: Buffer.alloc(MIB) })).toStartWith("226 ");
  });

  test("what another server has left counts after a start, and goes where its room is needed", async () => {
    using folder = new TemporaryFolder();
    {
      await using server = await serve(folder);
      using client = await FastClient.open(server.port);
      await client.send(`PUT part size=${MIB} part=${KEY} offset=0\n`);
      for (let blocks = 0; blocks < 3; blocks++) await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      expect(await client.ask("ABORT")).toStartWith("426 aborted ");
    }
    await using server = await serve(folder, "--quota", "1M");
    using client = await FastClient.open(server.port);
    expect(await client.put("f", { content: Buffer.alloc(MIB + 1) })).toBe(
      "552 quota f needs 1.0 MiB more, and the quota leaves 256.0 KiB: " +
        "what interrupted uploads have left takes 768.0 KiB",
    );
    expect(await client.put("f", { content: Buffer.alloc(BLOCK_SIZE) })).toStartWith("226 ");
    expect(filesUnder(folder.join("root"))).toHaveLength(2);
    expect(await client.put("g", { content: Buffer.alloc(1) })).toStartWith("226 ");
    expect(filesUnder(folder.join("root"))).toEqual(["f", "g"]);
    const rest = MIB - BLOCK_SIZE - 1;
    expect(await client.put("h", { content: Buffer.alloc(rest) })).toStartWith("226 ");
    expect(await client.put("i", { content: Buffer.alloc(1) })).toStartWith("552 ");
  });

  test("of what was left the oldest is dropped first, and only as much as is needed", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "2M");
    using client = await FastClient.open(server.port);
    const staged = (): string[] =>
      filesUnder(folder.join("root")).filter((name) => /kept/.test(name));
    const left = new Map<string, string>();
    for (const [name, minutes] of [["b", 30] as const, ["a", 90] as const, ["c", 5] as const]) {
      const before = staged();
      await client.send(`PUT ${name} part=${KEY} offset=0\n`);
      await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      expect(await client.ask("ABORT")).toStartWith("426 aborted ");
      const file = staged().find((one) => !before.includes(one)) ?? "";
      const then = Date.now() / 1000 - minutes * 60;
      utimesSync(folder.join("root", file), then, then);
      left.set(name, file);
    }
    const first = { content: Buffer.alloc(MIB) };
    expect(await client.put("first", first)).toStartWith("226 ");
    expect(staged()).toEqual([left.get("b"), left.get("c")].map(String).toSorted());
    // Also where no size is known, in the midst of it.
    await client.send("PUT stream\n");
    await client.send(block(Buffer.alloc(BLOCK_SIZE)));
    expect(staged()).toHaveLength(2);
    await client.send(body(Buffer.alloc(BLOCK_SIZE)));
    expect(await client.ask("END")).toStartWith("226 ");
    expect(staged()).toEqual([String(left.get("c"))]);
    expect(await client.ask(`HELD c part=${KEY}`)).toStartWith("213 offset=524288 ");
    expect(await client.ask(`HELD b part=${KEY}`)).toStartWith("213 offset=0 ");
    // Had one byte been lost or won by all that, one of these would go wrong.
    expect(await client.ask("DELETE first")).toBe("250");
    expect(await client.put("rest", first)).toStartWith("226 ");
    expect(await client.put("more", { content: Buffer.alloc(1) })).toStartWith("552 ");
  });

  test("many that need what was left at once get it, and no more", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "1M");
    using stack = new DisposableStack();
    const clients = await Promise.all(
      Array.from({ length: 12 }, async () => stack.use(await FastClient.open(server.port))),
    );
    const [client] = clients;
    for (let round = 0; round < 5; round++) {
      for (const name of ["x", "y", "z"]) {
        await client?.send(`PUT ${name} part=${KEY} offset=0\n`);
        await client?.send(block(Buffer.alloc(BLOCK_SIZE)));
        expect(await client?.ask("ABORT")).toStartWith("426 aborted ");
      }
      const replies = await Promise.all(
        clients.map((one, index) =>
          one.put(`${round}-${index}`, { content: Buffer.alloc(100_000) }),
        ),
      );
      expect(replies.filter((reply) => reply.startsWith("226 "))).toHaveLength(10);
      for (const index of clients.keys()) await client?.ask(`DELETE ${round}-${index}`);
    }
    expect(await client?.put("all", { content: Buffer.alloc(MIB) })).toStartWith("226 ");
    expect(await client?.put("more", { content: Buffer.alloc(1) })).toStartWith("552 ");
  });

  test.each([
    ["with a key that leads elsewhere", `size=${MIB - 5} part=${KEY.replace("0", "1")} offset=0`],
    ["with the same key, afresh", `size=${MIB - 5} part=${KEY} offset=0`],
    ["without a key", `size=${MIB - 5}`],
  ])("an upload of the same name takes the place of what was left of it: %s", async (_, keys) => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--quota", "2M");
    using client = await FastClient.open(server.port);
    for (const name of ["f", "other"]) {
      await client.send(`PUT ${name} size=${MIB} part=${KEY} offset=0\n`);
      for (let blocks = 0; blocks < 3; blocks++) await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      expect(await client.ask("ABORT")).toStartWith("426 aborted ");
    }
    await client.send(`PUT f ${keys}\n`);
    await client.send(body(Buffer.alloc(MIB - 5)));
    expect(await client.ask("END")).toStartWith("226 ");
    // For that the other's was not needed.
    expect(await client.ask(`HELD other part=${KEY}`)).toStartWith("213 offset=786432 ");
    expect(await client.put("rest", { content: Buffer.alloc(BLOCK_SIZE + 6) })).toStartWith("552 ");
    expect(await client.put("rest", { content: Buffer.alloc(BLOCK_SIZE + 5) })).toStartWith("226 ");
  });

  test.each(["PUT f", "PUT -f f", "PUT g f"])(
    "a real client whose source was changed is not kept out by what it has sent before: %s",
    async (command) => {
      await using scene = await Scene.start(
        [{ toServer: { afterContent: 24 * BLOCK_SIZE, do: "cut" } }],
        ["--quota", "10M"],
      );
      writeRandom(scene.folder.join("client/f"), 7 * MIB);
      expect((await scene.run("PUT f", "--retries", "0")).status).toBe(3);
      await until(() => scene.staged("server").some((name) => name.includes(".kept.")));
      const content = writeRandom(scene.folder.join("client/f"), 7 * MIB);
      write(scene.folder.join("client/g"), content);
      expect((await scene.run(command)).status).toBe(0);
      expect(read(scene.folder.join("server/f"))?.equals(content)).toBe(true);
      expect(scene.staged("server")).toEqual([]);
    },
  );

  test("a real client is told, ends with status 7 and can go on when there is room", async () => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("client/file"), 2 * MIB);
    write(folder.join("root/old"), Buffer.alloc(1.5 * MIB));
    await using server = await serve(folder, "--quota", "3M");
    const refused = await connect(folder.join("client"), server.port, "PUT file");
    expect(refused.status).toBe(7);
    expect(refused.stderr).toContain("the quota leaves 1.5 MiB");
    using client = await FastClient.open(server.port);
    expect(await client.ask("DELETE old")).toBe("250");
    expect((await connect(folder.join("client"), server.port, "PUT file")).status).toBe(0);
    expect(read(folder.join("root/file"))).toEqual(content);
  });

  test("what went while no server ran is found at the next start", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("root/old"), Buffer.alloc(MIB));
    {
      await using server = await serve(folder, "--quota", "1M");
      using client = await FastClient.open(server.port);
      expect(await client.put("f", { content: Buffer.alloc(1) })).toStartWith("552 ");
    }
    rmSync(folder.join("root/old"));
    await using server = await serve(folder, "--quota", "1M");
    using client = await FastClient.open(server.port);
    expect(await client.put("f", { content: Buffer.alloc(1) })).toStartWith("226 ");
  });
});

describe("--max-file", () => {
  test("refuses a larger one before its body, or where that grows too large", async () => {
    using folder = new TemporaryFolder();
    await using server = await serve(folder, "--max-file", "1K");
    using client = await FastClient.open(server.port);
    const why = "552 quota f is too large: a file may have 1.0 KiB";
    expect(await client.ask("PUT f size=1025")).toBe(why);
    await client.send("END\n");
    await client.send("PUT f\n");
    await client.send(block(Buffer.alloc(1025)));
    expect(await client.reply()).toBe(why);
    await client.send("END\n");
    expect(await client.ask(`PUT f size=1025 part=${KEY} offset=0`)).toBe(why);
    await client.send("END\n");
    expect(await client.put("f", { content: Buffer.alloc(1024) })).toStartWith("226 ");
    expect(filesUnder(folder.join("root"))).toEqual(["f"]);
  });
});
