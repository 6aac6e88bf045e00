import { describe, expect, test } from "bun:test";
import { read, until } from "../../support/files.ts";
import { converse, serverOver } from "../../support/resume.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { filesUnder, writeRandom } from "../../support/files.ts";
import { type ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE, blocksOf, body, EMPTY_DIGEST, fileDigest } from "../../support/wire.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const OTHER_KEY = "fedcba9876543210fedcba9876543210";
const NOTHING = `213 offset=0 digest=${EMPTY_DIGEST}`;

const content = Buffer.alloc(4 * BLOCK_SIZE + 100);
for (let at = 0; at < content.length; at++) content[at] = (at * 31 + (at >> 8) * 7) & 0xff;
const first = content.subarray(0, 2 * BLOCK_SIZE);
const rest = content.subarray(2 * BLOCK_SIZE);
const HELD = `213 offset=${first.length} digest=${fileDigest(first)}`;
const STORED = `226 size=${content.length} digest=${fileDigest(content)}`;

/** Uploads two blocks and aborts. */
async function begin(client: RawClient, abort = "ABORT"): Promise<void> {
  client.send(`PUT f size=${content.length} part=${KEY}\n`, body(first), `${abort}\n`);
  expect(await client.reply()).toStartWith("426 aborted ");
}

/** A server and a client in the middle of a conversation with it. */
async function open(): Promise<{
  folder: TemporaryFolder;
  client: RawClient;
  server: ServerProcess;
  [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const folder = new TemporaryFolder();
  const server = await serverOver(folder.path);
  const client = await converse(server);
  const dispose = async (): Promise<void> => {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  return { folder, client, server, [Symbol.asyncDispose]: dispose };
}

describe("HELD", () => {
  test("names nothing of what nobody has begun", async () => {
    await using scene = await open();
    expect(await scene.client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
    expect(filesUnder(scene.folder.path)).toEqual([]);
  });

  test("names what ABORT kept, and PUT goes on there", async () => {
    await using scene = await open();
    const { client, folder } = scene;
    await begin(client);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    // Asked twice it says the same.
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    client.send(`PUT f size=${content.length} part=${KEY} offset=${first.length}\n`, body(rest));
    expect(await client.sendLine(`END digest=${fileDigest(content)}`).reply()).toBe(STORED);
    expect(read(folder.join("f"))?.equals(content)).toBe(true);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
  });

  test("is of use to PUT without it, and without a size", async () => {
    await using scene = await open();
    const { client, folder } = scene;
    await begin(client);
    client.send(`PUT f part=${KEY} offset=${first.length}\n`, body(rest), "END\n");
    expect(await client.reply()).toBe(STORED);
    expect(read(folder.join("f"))?.equals(content)).toBe(true);
  });

  test("names nothing by another key or for another path", async () => {
    await using scene = await open();
    const { client } = scene;
    await begin(client);
    for (const line of [
      `f part=${OTHER_KEY}`,
      `g part=${KEY}`,
      `F part=${KEY}`,
      `x/f part=${KEY}`,
    ]) {
      expect(await client.sendLine(`HELD ${line}`).reply()).toBe(NOTHING);
      client.send(`PUT ${line} offset=${first.length}\n`, body(rest), "END\n");
      expect(await client.reply()).toStartWith("551 mismatch ");
    }
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  });

  test("names nothing after ABORT drop=1", async () => {
    await using scene = await open();
    await begin(scene.client, "ABORT drop=1");
    expect(await scene.client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
    await until(() => filesUnder(scene.folder.path).length === 0);
  });

  test("names what was there when the connection ended inside of the body", async () => {
    await using scene = await open();
    scene.client.send(`PUT f size=${content.length} part=${KEY}\n`, body(first), "+262144 ");
    scene.client.finish();
    await scene.client.rest();
    using client = await converse(scene.server);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  });

  test("names what was there when the protocol was broken", async () => {
    await using scene = await open();
    scene.client.send(`PUT f size=${content.length} part=${KEY}\n`, body(first), "GET f\n");
    expect(await scene.client.reply()).toStartWith("500 ");
    using client = await converse(scene.server);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  });

  test("keeps the good blocks in front of a damaged one", async () => {
    await using scene = await open();
    const damaged = block(rest.subarray(0, BLOCK_SIZE), "0123456789abcdef");
    scene.client.send(`PUT f size=${content.length} part=${KEY}\n`, body(first), damaged, "END\n");
    expect(await scene.client.reply()).toStartWith("551 mismatch ");
    expect(await scene.client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
  });

  test("of a file whose digest was wrong names nothing", async () => {
    await using scene = await open();
    const { client } = scene;
    client.send(`PUT f size=${content.length} part=${KEY}\n`, body(content));
    expect(await client.sendLine("END digest=0123456789abcdef").reply()).toStartWith(
      "551 mismatch ",
    );
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
  });

  test.each([
    ["31 digits", `HELD f part=${KEY.slice(1)}`],
    ["33 digits", `HELD f part=${KEY}0`],
    ["capitals", `HELD f part=${KEY.toUpperCase()}`],
    ["a repeated key", `HELD f part=${KEY} part=${KEY}`],
    ["no key", "HELD f"],
    ["no path", `HELD part=${KEY}`],
  ])("refuses %s with 501", async (_, line) => {
    await using scene = await open();
    expect(await scene.client.sendLine(line).reply()).toStartWith("501 argument ");
    expect(await scene.client.sendLine("NOOP").reply()).toBe("200");
  });

  test.each([".sftp-staging", ".sftp-staging/x", ".SFTP-Staging/x", "a/.sftp-staging"])(
    "refuses %s, where parts are kept",
    async (path) => {
      await using scene = await open();
      await begin(scene.client);
      expect(await scene.client.sendLine(`HELD ${path} part=${KEY}`).reply()).toStartWith(
        "553 name ",
      );
    },
  );
});

describe("PUT with a part", () => {
  test.each([1, BLOCK_SIZE, first.length - 1, first.length + 1, content.length, 2 ** 53 - 1])(
    "is refused with 551 at offset %d where 2 blocks are held",
    async (offset) => {
      await using scene = await open();
      const { client } = scene;
      await begin(client);
      for (const ask of [false, true]) {
        if (ask) expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
        client.send(`PUT f part=${KEY} offset=${offset}\n`, block(Buffer.from("x")), "END\n");
        expect(await client.reply()).toStartWith("551 mismatch ");
      }
      expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    },
  );

  test("discards what is held at offset 0", async () => {
    await using scene = await open();
    const { client, folder } = scene;
    await begin(client);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    client.send(`PUT f part=${KEY} offset=0\n`, body(rest), "END\n");
    expect(await client.reply()).toBe(`226 size=${rest.length} digest=${fileDigest(rest)}`);
    expect(read(folder.join("f"))?.equals(rest)).toBe(true);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
  });

  test("needs the key where it names an offset", async () => {
    await using scene = await open();
    scene.client.send("PUT f offset=0\n", block(Buffer.from("x")), "END\n");
    expect(await scene.client.reply()).toStartWith("501 argument ");
  });

  test("fails with 551 where what is held is not the beginning of what was meant", async () => {
    await using scene = await open();
    const { client, folder } = scene;
    await begin(client);
    const other = Buffer.concat([Buffer.alloc(first.length, "other"), rest]);
    client.send(`PUT f size=${other.length} part=${KEY} offset=${first.length}\n`, body(rest));
    expect(await client.sendLine(`END digest=${fileDigest(other)}`).reply()).toStartWith("551 ");
    expect(read(folder.join("f"))).toBeUndefined();
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(NOTHING);
  });

  test("honours if=absent also where it goes on", async () => {
    await using scene = await open();
    const { client, folder } = scene;
    await begin(client);
    expect(await client.sendLine(`HELD f part=${KEY}`).reply()).toBe(HELD);
    writeRandom(folder.join("f"), 10);
    client.send(`PUT f if=absent part=${KEY} offset=${first.length}\n`, body(rest), "END\n");
    expect(await client.reply()).toStartWith("553 exists ");
    expect(read(folder.join("f"))).toHaveLength(10);
  });
});

describe("GET with an offset, STAT with upto", () => {
  const prepare = async (): Promise<Awaited<ReturnType<typeof open>>> => {
    const scene = await open();
    await Bun.write(scene.folder.join("f"), content);
    return scene;
  };

  test.each([BLOCK_SIZE, 2 * BLOCK_SIZE, 4 * BLOCK_SIZE])("goes on at %d", async (offset) => {
    await using scene = await prepare();
    const begun = await scene.client.sendLine(`GET f offset=${offset}`).reply();
    expect(begun).toContain(` offset=${offset}`);
    expect(begun).toContain(` prefix=${fileDigest(content.subarray(0, offset))}`);
    const { content: sent, end } = await scene.client.body();
    expect(sent.equals(content.subarray(offset))).toBe(true);
    expect(end).toBe(`226 digest=${fileDigest(content)}`);
  });

  test.each([0, 1, BLOCK_SIZE - 1, BLOCK_SIZE + 1, content.length, 5 * BLOCK_SIZE, 2 ** 53 - 1])(
    "begins at 0 where %d is no boundary within the file",
    async (offset) => {
      await using scene = await prepare();
      const begun = await scene.client.sendLine(`GET f offset=${offset}`).reply();
      expect(begun).toContain(" offset=0");
      expect(begun).not.toContain("prefix");
      expect((await scene.client.body()).content.equals(content)).toBe(true);
    },
  );

  test.each([0, 1, BLOCK_SIZE, BLOCK_SIZE + 5, content.length, content.length + 1])(
    "STAT digests the first %d bytes",
    async (upto) => {
      await using scene = await prepare();
      const reply = await scene.client.sendLine(`STAT f digest=1 upto=${upto}`).reply();
      const digest = blocksOf(content.subarray(0, upto)).length === 0 ? EMPTY_DIGEST : undefined;
      expect(reply).toStartWith(`213 type=file size=${content.length} `);
      expect(reply).toEndWith(` digest=${digest ?? fileDigest(content.subarray(0, upto))}`);
      expect(await scene.client.sendLine(`STAT f upto=${upto}`).reply()).toStartWith("501 ");
    },
  );
});
