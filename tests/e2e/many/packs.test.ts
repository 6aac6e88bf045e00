import { describe, expect, test } from "bun:test";
import { chmodSync, symlinkSync } from "node:fs";
import { goodFile, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import { connect, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { contentsOf } from "../../support/trees.ts";
import { block, BLOCK_SIZE, blockDigest } from "../../support/wire.ts";

/** The blocks of the reply to a PACK, up to its last line. */
async function packOf(client: RawClient): Promise<{ blocks: Buffer[]; last: string }> {
  const blocks: Buffer[] = [];
  let line = await client.reply();
  if (line === "150") line = await client.line();
  for (; line.startsWith("+"); line = await client.line()) {
    const [length = "", digest] = line.slice(1).split(" ");
    const data = await client.bytes(Number(length));
    expect(blockDigest(data)).toBe(digest ?? "");
    blocks.push(data);
  }
  return { blocks, last: line };
}

describe("PACK", () => {
  test("is announced, and gives small files of a folder in their order, with times and rights", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const there = Object.fromEntries(names.map((name) => [`t/${name}`, `content of ${name}`]));
    await using pair = await Pair.start({ there: { ...there, "t/empty": "", "t/a,b c": "odd" } });
    chmodSync(pair.folder.join("server/t/f3"), 0o755);
    using client = await RawClient.open(pair.server.port);
    expect(client.greeting).toContain(" features=pack");
    const asked = [...names.toReversed(), "empty", "a,b%20c"];
    client.sendLine(`PACK t names=${asked.join("/")}`);
    const { blocks, last } = await packOf(client);
    expect(last).toBe("226");
    expect(blocks).toHaveLength(1);
    const [head = "", ...rest] = blocks.join("").split("\n");
    const words = head.split(",");
    expect(words).toHaveLength(22);
    expect(words[16]).toMatch(/^13 \d{13} exec$/);
    for (const [index, word] of words.entries()) {
      if (index !== 16) expect(word).toMatch(/^\d+ \d{13}$/);
    }
    const contents = names.toReversed().map((name) => `content of ${name}`);
    expect(rest.join("\n")).toBe(`${contents.join("")}odd`);
    await pair.server.waitFor(/GET t\/f19: 14 B /);
    expect(pair.server.log.match(/GET t\/f\d+: /g)).toHaveLength(20);
  });

  test("leaves out whatever is no plain small file", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `f${index}`);
    const there = Object.fromEntries(names.map((name) => [`t/${name}`, name]));
    await using pair = await Pair.start({ there: { ...there, "t/d/f": "x", secret: "s" } });
    const served = pair.folder.join("server");
    await Bun.write(`${served}/t/large`, Buffer.alloc(16 * 1024 + 1));
    await Bun.write(`${served}/t/just`, Buffer.alloc(16 * 1024));
    symlinkSync("../secret", `${served}/t/link`);
    symlinkSync("t", `${served}/way`);
    using client = await RawClient.open(pair.server.port);
    const odd = ["none", "d", "large", "link", "..", ".", "...sftp-staging", ".sftp-staging"];
    client.sendLine(`PACK t names=${[...names, ...odd, "just"].join("/")}`);
    const { blocks, last } = await packOf(client);
    expect(last).toBe("226");
    const [head = ""] = blocks.join("").split("\n");
    expect(head).toMatch(/^(?:2 \d{13},){10}(?:-,){8}16384 \d{13}$/);
    for (const folder of ["way", "none", "t/f0", "t/..", "..", "t/../t"]) {
      client.sendLine(`PACK ${folder} names=${names.join("/")}`);
      const none = await packOf(client);
      expect(none.blocks.join("")).toBe(`${names.map(() => "-").join(",")}\n`);
    }
  });

  test("holds no file in two blocks, however many there are", async () => {
    const names = Array.from({ length: 64 }, (_, index) => `f${index}`);
    const contentOf = (name: string): string => `<${name.padEnd(10_001, ".")}>`;
    const there = Object.fromEntries(names.map((name) => [name, contentOf(name)]));
    await using pair = await Pair.start({ there });
    using client = await RawClient.open(pair.server.port);
    client.sendLine(`PACK names=${names.join("/")}`);
    const { blocks } = await packOf(client);
    expect(blocks.length).toBeGreaterThan(2);
    const whole = blocks.join("");
    expect(whole.slice(whole.indexOf("\n") + 1)).toBe(names.map(contentOf).join(""));
    for (const one of blocks) expect(one.toString()).toEndWith(">");
    for (const one of blocks.slice(1)) expect(one.toString()).toStartWith("<");
  });

  test("that is cancelled has its reply, and the connection goes on", async () => {
    await using pair = await Pair.start({ there: { f: "x" } });
    using client = await RawClient.open(pair.server.port);
    client.send("LIST recursive=1\n", "PACK names=f\n".repeat(50), "ABORT\n", "NOOP\n");
    const codes: string[] = [];
    while (codes.at(-1) !== "225") {
      const { last } = await packOf(client);
      codes.push(last.slice(0, 3));
    }
    expect(codes).toHaveLength(52);
    expect(codes.filter((code) => code !== "226" && code !== "426")).toEqual(["225"]);
    expect(await client.reply()).toBe("200");
  });
});

const NAMES = Array.from({ length: 20 }, (_, index) => `f${String(index).padStart(2, "0")}`);
const FILES = Object.fromEntries(NAMES.map((name) => [`t/${name}`, `content of ${name}`]));
const CONTENT = NAMES.map((name) => `content of ${name}`).join("");
const HEAD = `${NAMES.map(() => "14 1763800000123").join(",")}\n`;

/** What a client makes of a server that answers a PACK like this, and gives each file that is asked for. */
async function getFrom(
  pack: string | Buffer,
): Promise<{ ran: Ran; gets: string[]; came: unknown }> {
  using folder = new TemporaryFolder();
  const gets: string[] = [];
  await using server = await HostileServer.start(async (victim) => {
    await victim.send(GREETING.replace("\n", " features=new,pack\n"));
    for (;;) {
      const line = await victim.line();
      const [verb = "", path = ""] = line.split(" ");
      const listed = NAMES.map((name) =>
        JSON.stringify({ path: `t/${name}`, type: "file", size: 14, mtime: 1_763_800_000_123 }),
      );
      if (verb === "LIST")
        await victim.send("150\n", block(Buffer.from(`${listed.join("\n")}\n`)), "226\n");
      else if (verb === "PACK") await victim.send(pack);
      else if (verb === "QUIT") await victim.send("221\n");
      else if (verb === "ABORT") await victim.send("225\n");
      else {
        gets.push(line);
        await victim.send(goodFile(Buffer.from(`content of ${path.slice(2)}`)));
      }
    }
  });
  const ran = await connect(folder.join("client"), server.port, "GET -r t", "--retries", "0");
  return { ran, gets, came: contentsOf(folder.join("client")) };
}

const FULL = Array.from({ length: 5 }, () => block(Buffer.alloc(BLOCK_SIZE)));
const bodyOf = (content: string, digest?: string): Buffer =>
  Buffer.concat([Buffer.from("150\n"), block(Buffer.from(content), digest), Buffer.from("226\n")]);

describe("a GET of many small files", () => {
  test("asks for them in packs where the server has them", async () => {
    const { ran, gets, came } = await getFrom(bodyOf(HEAD + CONTENT));
    expect(ran.stderr).toContain("20 files");
    expect(ran.status).toBe(0);
    expect(gets).toEqual([]);
    expect(came).toEqual({ "t/": "", ...FILES });
  });

  test("asks once more for those that are not in their pack", async () => {
    const head = HEAD.replace("14 1763800000123,", "-,");
    const { ran, gets, came } = await getFrom(bodyOf(head + CONTENT.slice(14)));
    expect(ran.status).toBe(0);
    expect(gets).toEqual(["GET t/f00"]);
    expect(came).toEqual({ "t/": "", ...FILES });
  });

  test.each([
    ["came damaged", bodyOf(HEAD + CONTENT, "0123456789abcdef")],
    ["is refused", "500 syntax There%20is%20no%20verb%20PACK\n"],
    [
      "breaks off",
      `150\n${block(Buffer.from(HEAD + CONTENT)).toString()}450 changed It%20changed\n`,
    ],
  ])("asks for each of a pack that %s", async (_, pack) => {
    const { ran, gets, came } = await getFrom(pack);
    expect(ran.status).toBe(0);
    expect(gets).toEqual(NAMES.map((name) => `GET t/${name}`));
    expect(came).toEqual({ "t/": "", ...FILES });
  });

  test.each([
    ["nothing", "150\n226\n"],
    ["no first line", bodyOf("14 0")],
    ["a malformed line", bodyOf(HEAD.replace("14 ", "014 ") + CONTENT)],
    ["one file less", bodyOf(HEAD.replace("14 1763800000123,", "") + CONTENT.slice(14))],
    ["one file more", bodyOf(`14 0,${HEAD}content of f00${CONTENT}`)],
    ["less than it says", bodyOf(HEAD + CONTENT.slice(1))],
    ["more than it says", bodyOf(`${HEAD}${CONTENT}x`)],
    ["a file larger than all", bodyOf(HEAD.replace("14 ", "9007199254740991 ") + CONTENT)],
    ["a reply without body", "226\n"],
    ["more than one can hold", Buffer.concat([Buffer.from("150\n"), ...FULL])],
  ])("gives up a server whose pack holds %s", async (_, pack) => {
    const { ran, came } = await getFrom(pack);
    expect(ran.stderr).toMatch(/broke the protocol|has no body|more than a pack can hold/);
    expect(ran.status).toBe(3);
    expect(came).toEqual({ "t/": "" });
  });

  test("tells why a server leaves in place of a pack", async () => {
    const { ran } = await getFrom("421 closing The%20server%20shuts%20down\n");
    expect(ran.stderr).toContain("The server shuts down");
    expect(ran.status).toBe(3);
  });
});
