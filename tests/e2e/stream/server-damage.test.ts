import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes, randomInt } from "node:crypto";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, until } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE, body, fileDigest } from "../../support/wire.ts";
import { Random } from "../../support/random.ts";

/** What was damaged on the way, or is not framed as it should be, is never stored. */
const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const hello = Buffer.from("hello");

describe("one bit flipped", () => {
  const FLIPS = 1000;
  const seed = Number(process.env["SFTP_TEST_SEED"] ?? randomInt(2 ** 31));
  const content = randomBytes(2 * BLOCK_SIZE + 12_345);
  const good = body(content);
  const end = `END digest=${fileDigest(content)}\n`;

  /** Sends an upload with a bit flipped, and FIN, so that a changed length ends as well. */
  async function upload(bit: number, size: string): Promise<string> {
    const bad = Buffer.from(good);
    const byte = Math.floor(bit / 8);
    bad.writeUInt8(bad.readUInt8(byte) ^ (1 << (bit % 8)), byte);
    using client = await FastClient.open(server.port);
    await client.send(`PUT flipped${size}\n`);
    await client.send(bad);
    await client.send(end);
    client.finish();
    return (await client.lines())[0] ?? "";
  }

  test(`at ${FLIPS} offsets of a body, headers included (SFTP_TEST_SEED=${seed})`, async () => {
    const random = new Random(seed);
    for (let flip = 0; flip < FLIPS; flip++) {
      const bit = random.below(8 * good.length);
      const reply = await upload(bit, flip % 2 === 0 ? ` size=${content.length}` : "");
      expect(reply, `bit ${bit}`).toMatch(/^(?:551 mismatch|500 syntax|426 aborted) /);
    }
    expect(read(folder.join("flipped"))).toBeUndefined();
  });

  test("in each byte of a block's header", async () => {
    for (let bit = 0; bit < 8 * "+262144 0123456789abcdef\n".length; bit++) {
      const reply = await upload(bit, ` size=${content.length}`);
      expect(reply, `bit ${bit}`).toMatch(/^(?:551 mismatch|500 syntax|426 aborted) /);
    }
    expect(read(folder.join("flipped"))).toBeUndefined();
  });

  test("in the digest of the file, where the blocks have none", async () => {
    using client = await FastClient.open(server.port);
    await client.send("PUT flipped\n+5\nhelloEND digest=4e01c226b2333808\n");
    expect(await client.line()).toStartWith("551 mismatch ");
    await client.send("PUT flipped\n+5\nhelloEND digest=4e01c226b2333809\n");
    expect(await client.line()).toStartWith("226 size=5 ");
    expect(read(folder.join("flipped"))).toEqual(hello);
  });
});

test.each([
  ["less than was announced", "PUT sized size=262149\n", block(Buffer.alloc(BLOCK_SIZE))],
  ["nothing where something was announced", "PUT sized size=5\n", Buffer.of()],
])("%s is not stored", async (_, line, content) => {
  using client = await FastClient.open(server.port);
  await client.send(line);
  await client.send(content);
  expect(await client.ask("END")).toStartWith("551 mismatch ");
  expect(await client.ask("NOOP")).toBe("200");
  expect(read(folder.join("sized"))).toBeUndefined();
});

describe("framing that is broken closes the connection", () => {
  const full = block(Buffer.alloc(BLOCK_SIZE));
  test.each([
    ["a block of no length", "PUT f size=5\n+0\nEND\n", 1],
    ["a block over the limit", "PUT f\n+262145\n", 1],
    [
      "a block where none is due",
      Buffer.concat([Buffer.from("PUT f size=5\n"), block(hello), block(hello)]),
      1,
    ],
    ["a block in an empty file", Buffer.concat([Buffer.from("PUT f size=0\n"), block(hello)]), 1],
    [
      "a block behind a shorter one",
      Buffer.concat([Buffer.from("PUT f\n"), block(hello), full]),
      1,
    ],
    [
      "a short block that is not the last",
      Buffer.concat([Buffer.from("PUT f size=262145\n"), block(hello)]),
      1,
    ],
    ["a block outside of a body", "NOOP\n+5\nhello", 2],
    ["a command inside a body", "PUT f size=5\nNOOP\n", 1],
    ["a second END", "PUT done size=0\nEND\nEND\n", 2],
    ["END alone", "END\n", 1],
    ["~ outside of a body", "~\n", 1],
  ])("%s", async (_, sent, replies) => {
    using client = await FastClient.open(server.port);
    await client.send(sent);
    // All of it would be fine if the line before were.
    await client.send("END\nPUT behind size=0\nEND\n");
    client.finish();
    const lines = await client.lines();
    expect(lines).toHaveLength(replies);
    expect(lines.at(-1)).toStartWith("500 syntax ");
    expect(read(folder.join("f"))).toBeUndefined();
    expect(read(folder.join("behind"))).toBeUndefined();
  });

  test("also in the body of an upload that was refused, which has its own reply", async () => {
    for (const line of ["PUT con size=5", "PUT f mystery=1", "PUT done if=absent"]) {
      using client = await FastClient.open(server.port);
      await client.send(`${line}\nNOOP\nPUT behind size=0\nEND\n`);
      expect(await client.lines()).toEqual([
        expect.stringMatching(/^(?:553|501) /),
        expect.stringMatching(/^500 syntax /),
      ]);
      expect(read(folder.join("behind"))).toBeUndefined();
    }
  });
});

test("nothing of all that is left in the root", async () => {
  await until(() => filesUnder(folder.path).length === 2);
  expect(filesUnder(folder.path)).toEqual(["done", "flipped"]);
});
