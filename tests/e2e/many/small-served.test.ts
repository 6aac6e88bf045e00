import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Pair } from "../../support/pair.ts";
import { RawClient } from "../../support/raw-client.ts";
import { blockDigest, EMPTY_DIGEST, fileDigest } from "../../support/wire.ts";

const WRONG = "0123456789abcdef";

/** An upload of one block as it is sent. */
function put(
  name: string,
  content: string,
  { size = content.length, block = blockDigest(Buffer.from(content)), file = "" } = {},
): string {
  const body = content === "" ? "" : `+${content.length} ${block}\n${content}`;
  return `PUT ${name} size=${size} mtime=1700000000123\n${body}END${file && ` digest=${file}`}\n`;
}

test("of many small uploads that come at once the bad ones are refused, each in its place", async () => {
  await using pair = await Pair.start({ there: { "folder/f": "x" } });
  const contents = Array.from({ length: 40 }, (_, index) => `content of ${index}`);
  const uploads = contents.map((content, index) => {
    if (index === 3) return put("f3", content, { block: WRONG });
    if (index === 5) return put("f5", content, { file: WRONG });
    if (index === 7) return put("folder", content);
    if (index === 9) return put("a%3Ab", content);
    if (index === 11) return put("f11", "", { size: 3 });
    if (index === 13) return put("f13", "");
    if (index === 15) return put("f13/below", content);
    if (index === 17) return put("f0", content);
    return put(`f${index}`, content, { file: fileDigest(Buffer.from(content)) });
  });
  using client = await RawClient.open(pair.server.port);
  client.send(uploads.join(""), "NOOP\n");
  const replies: string[] = [];
  for (const _ of uploads) replies.push(await client.reply());
  expect(await client.reply()).toBe("200");
  const codes: Record<number, string> = {
    3: "551 mismatch",
    5: "551 mismatch",
    7: "553 not-a-file",
    9: "553 name",
    11: "551 mismatch",
    13: `226 size=0 digest=${EMPTY_DIGEST}`,
    15: "553 not-a-file",
  };
  for (const [index, content] of contents.entries()) {
    const good = `226 size=${content.length} digest=${fileDigest(Buffer.from(content))}`;
    expect(replies[index]).toStartWith(codes[index] ?? good);
  }
  const isStored = (index: number): boolean => codes[index] === undefined && index !== 17;
  const stored = contents.flatMap((content, index) =>
    isStored(index) ? [[`f${index}`, index === 0 ? contents[17] : content]] : [],
  );
  expect(pair.served).toEqual({
    ...Object.fromEntries(stored),
    f13: "",
    "folder/": "",
    "folder/f": "x",
  });
});

test("each of many small uploads that come at once is told and logged with its size", async () => {
  await using pair = await Pair.start({});
  using client = await RawClient.open(pair.server.port);
  const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
  client.send(names.map((name) => put(name, "x".repeat(4000))).join(""));
  for (const _ of names) expect(await client.reply()).toStartWith("226 size=4000 ");
  await pair.server.waitFor(/PUT f299: /);
  expect(pair.server.log.match(/PUT f\d+: 3\.9 KiB /g)).toHaveLength(names.length);
});

test("of many small files that are asked for at once the missing ones are told in their place", async () => {
  const names = Array.from({ length: 90 }, (_, index) => `f${index}`);
  const there = Object.fromEntries(names.map((name) => [name, `content of ${name}`]));
  await using pair = await Pair.start({ there: { ...there, large: "l".repeat(40_000) } });
  using client = await RawClient.open(pair.server.port);
  const asked = names.flatMap((name, index) => {
    if (index === 30) return ["none", name];
    return index === 60 ? ["large", "folder/none", name] : [name];
  });
  client.send(asked.map((name) => `GET ${name}\n`).join(""));
  for (const name of asked) {
    const begun = await client.reply();
    const content = name === "large" ? "l".repeat(40_000) : there[name];
    if (content === undefined) {
      expect(begun).toStartWith("550 not-found");
      continue;
    }
    const bytes = Buffer.from(content);
    expect(begun).toStartWith(`150 size=${bytes.length} mtime=`);
    expect(await client.line()).toBe(`+${bytes.length} ${blockDigest(bytes)}`);
    expect((await client.bytes(bytes.length)).equals(bytes)).toBe(true);
    expect(await client.reply()).toBe(`226 digest=${fileDigest(bytes)}`);
  }
});

test("small files that are asked for at once are cancelled at once, and the connection stays", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `f${index}`);
  const there = Object.fromEntries(names.map((name) => [name, "x".repeat(16_000)]));
  await using pair = await Pair.start({ there });
  using client = await RawClient.open(pair.server.port);
  client.socket.pause();
  client.send(names.map((name) => `GET ${name}\n`).join(""), "ABORT\n");
  client.socket.resume();
  let sent = 0;
  let cancelled = 0;
  for (let reply = await client.reply(); reply !== "225"; reply = await client.reply()) {
    if (reply.startsWith("426 aborted")) cancelled++;
    else if (reply.startsWith("226 ")) sent++;
    else if (reply.startsWith("+")) await client.bytes(Number(reply.slice(1).split(" ")[0]));
    else expect(reply).toStartWith("150 size=16000 ");
  }
  expect(sent + cancelled).toBe(1000);
  expect(cancelled).toBeGreaterThan(0);
  client.send("GET f0\n");
  expect(await client.reply()).toStartWith("150 size=16000 ");
  expect(readFileSync(pair.there("f0"), "latin1").length).toBe(16_000);
});
