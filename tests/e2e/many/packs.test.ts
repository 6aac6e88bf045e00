import { describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, symlinkSync } from "node:fs";
import { goodFile, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import { connect, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";
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
    expect(client.greeting).toContain(" features=pack,unpack");
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

/** Sends an UNPACK with a pack like this, and gives the reply. */
async function unpack(
  client: RawClient,
  words: string,
  head: string,
  content: string,
  digest?: string,
): Promise<string> {
  const bytes = Buffer.from(`${head}\n${content}`);
  client.send(`UNPACK ${words}\n`, block(bytes, digest), "END\n");
  return client.reply();
}

/** Files that are there, enough for a pack. */
const OLD = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`old${index}`, "old"]));

describe("UNPACK", () => {
  test("stores small files of a folder that it makes, with times and rights", async () => {
    await using pair = await Pair.start({});
    using client = await RawClient.open(pair.server.port);
    const names = Array.from({ length: 8 }, (_, index) => `f${index}`);
    const words = ["3 1763800000123", "0 1763800000124", "4 1763800000125 exec"];
    const head = [...words, ...names.slice(3).map(() => "1 0")].join(",");
    const reply = await unpack(client, `a/b names=${names.join("/")}`, head, "cccffff34567");
    expect(reply).toBe("226");
    const contents = ["ccc", "", "ffff", "3", "4", "5", "6", "7"];
    const stored = names.map((name, index) => [`a/b/${name}`, contents[index]]);
    expect(pair.served).toEqual({ "a/": "", "a/b/": "", ...Object.fromEntries(stored) });
    const stat = lstatSync(pair.folder.join("server/a/b/f2"));
    expect(stat.mtimeMs).toBe(1_763_800_000_125);
    expect(stat.mode & 0o100).toBe(0o100);
    expect(lstatSync(pair.folder.join("server/a/b/f0")).mode & 0o100).toBe(0);
    await pair.server.waitFor(/PUT a\/b\/f2: 4 B /);
  });

  test("tells the places of those that it leaves, and stores the others", async () => {
    await using pair = await Pair.start({ there: { "t/folder/f": "x", "t/old": "old" } });
    symlinkSync("old", pair.folder.join("server/t/link"));
    using client = await RawClient.open(pair.server.port);
    const names = [
      "f0",
      "folder",
      "a%3Ab",
      "link",
      "f0",
      "..",
      ".sftp-staging",
      "old",
      "none",
      "f9",
    ];
    const head = names.map((name) => (name === "none" ? "-" : "1 0")).join(",");
    const reply = await unpack(client, `t names=${names.join("/")}`, head, "012345678");
    expect(reply).toBe("226 left=1,2,3,4,5,6,8");
    expect(pair.served).toMatchObject({
      "t/f0": "0",
      "t/old": "7",
      "t/f9": "8",
      "t/folder/f": "x",
    });
    for (const folder of ["t/old", "t/link", "..", "t/.sftp-staging", "t/a%3Ab"]) {
      expect(await unpack(client, `${folder} names=n`, "1 0", "n")).toBe("226 left=0");
    }
  });

  test("stores nothing of what is damaged or malformed, and the connection goes on", async () => {
    await using pair = await Pair.start({});
    using client = await RawClient.open(pair.server.port);
    const wrong = "0123456789abcdef";
    expect(await unpack(client, "names=a", "1 0", "a", wrong)).toStartWith("551 mismatch ");
    expect(await unpack(client, "names=a/b", "1 0", "a")).toStartWith("501 argument ");
    expect(await unpack(client, "names=a", "2 0", "a")).toStartWith("501 argument ");
    expect(await unpack(client, "names=a", "1 0", "ab")).toStartWith("501 argument ");
    expect(await unpack(client, "names=a//b", "1 0", "a")).toStartWith("501 argument ");
    expect(await unpack(client, "names=a%2Fb", "1 0", "a")).toStartWith("553 name ");
    client.send("UNPACK names=a\n", block(Buffer.from("1 0\na")), "ABORT\n");
    expect(await client.reply()).toStartWith("426 aborted ");
    client.send("UNPACK names=a\n", "END\n");
    expect(await client.reply()).toStartWith("501 argument ");
    client.send("UNPACK names=a\n", ...FULL, "END\n");
    expect(await client.reply()).toStartWith("501 argument A pack holds at most ");
    client.send("UNPACK names=a\n", "NOOP\n");
    expect(await client.reply()).toStartWith("500 syntax ");
    expect(pair.served).toEqual({});
  });

  test.each([
    ["--read-only", "553 denied "],
    ["--no-overwrite", "226 left=0,1,2,3,4,5,6,7"],
    ["--quota=48", "226"],
    ["--max-file=2", "226 left=0,1,2,3,4,5,6,7"],
  ])("does no more than PUT may with %s", async (flag, reply) => {
    using folder = new TemporaryFolder();
    writeTree(folder.path, OLD);
    await using server = await ServerProcess.start(folder.path, [flag]);
    using client = await RawClient.open(server.port);
    const names = Object.keys(OLD).join("/");
    const head = Object.keys(OLD)
      .map(() => "3 0")
      .join(",");
    const told = await unpack(client, `names=${names}`, head, "new".repeat(8));
    expect(told).toStartWith(reply);
    const isDone = reply === "226";
    const now = Object.keys(OLD).map((name) => [name, isDone ? "new" : "old"]);
    expect(contentsOf(folder.path)).toEqual(Object.fromEntries(now));
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
    ["begun twice", "150\n150\n226\n"],
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

/** What a client makes of a server that answers an UNPACK like this, and takes each file that comes. */
async function putTo(
  answer: (names: string) => string,
  cut = false,
): Promise<{ ran: Ran; asked: string[] }> {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), FILES);
  const asked: string[] = [];
  let connections = 0;
  await using server = await HostileServer.start(async (victim) => {
    connections++;
    await victim.send(GREETING.replace("\n", " features=unpack\n"));
    for (;;) {
      // The contents have no line end.
      const line = await victim.line();
      const verb = /^[A-Z]+/.exec(line)?.[0] ?? "";
      if (["UNPACK", "PUT", "STAT"].includes(verb))
        asked.push(line.replace(/ size=.*| names=.*/, ""));
      const digest = /END digest=([0-9a-f]{16})$/.exec(line)?.[1];
      if (digest !== undefined) await victim.send(`226 size=14 digest=${digest}\n`);
      else if (line.endsWith("END")) {
        if (cut && connections === 1) return victim.finish();
        await victim.send(answer(line));
      } else if (verb === "MKDIR") await victim.send("250\n");
      else if (line.endsWith("digest=1")) await victim.send("550 not-found Nothing\n");
      else if (verb === "STAT") await victim.send("213 type=folder size=0 mtime=0\n");
      else if (verb === "QUIT") await victim.send("221\n");
      else if (verb === "ABORT") await victim.send("225\n");
    }
  });
  const ran = await connect(folder.join("client"), server.port, "PUT -r t", "--retries", "1");
  return { ran, asked: asked.filter((line) => line !== "STAT t" && line !== "STAT").toSorted() };
}

describe("a PUT of many small files", () => {
  test("sends them in packs where the server takes them", async () => {
    const { ran, asked } = await putTo(() => "226\n");
    expect(ran.stderr).toContain("20 files");
    expect(ran.status).toBe(0);
    expect(asked).toEqual(["UNPACK t"]);
  });

  test("sends once more those that the server has left", async () => {
    const { ran, asked } = await putTo(() => "226 left=0,19\n");
    expect(ran.stderr).toContain("20 files");
    expect(ran.status).toBe(0);
    expect(asked.filter((line) => line.startsWith("PUT t/f"))).toHaveLength(2);
    expect(asked).toHaveLength(3);
  });

  test.each(["551 mismatch Damaged\n", "500 syntax There%20is%20no%20verb\n", "452 space Full\n"])(
    "sends each of a pack that is answered %j",
    async (reply) => {
      const { ran, asked } = await putTo(() => reply);
      expect(ran.stderr).toContain("20 files");
      expect(ran.status).toBe(0);
      expect(asked).toEqual([...NAMES.map((name) => `PUT t/${name}`), "UNPACK t"]);
    },
  );

  test.each(["226 left=20\n", "226 left=x\n", "226 left=\n"])(
    "gives up a server that answers %j",
    async (reply) => {
      const { ran } = await putTo(() => reply);
      expect(ran.stderr).toContain("names no file that was sent");
      expect(ran.status).toBe(3);
    },
  );

  test("asks what was stored of a pack whose reply was lost, before it sends that again", async () => {
    const { ran, asked } = await putTo(() => "226\n", true);
    expect(ran.stderr).toContain("20 files");
    expect(ran.status).toBe(0);
    const stats = NAMES.map((name) => `STAT t/${name} digest=1`);
    expect(asked).toEqual([...stats, "UNPACK t", "UNPACK t"]);
  });
});
