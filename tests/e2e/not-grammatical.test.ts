import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { read } from "../support/files.ts";
import { RawClient } from "../support/raw-client.ts";

/**
 * A line that is not grammatical, or a first request that is not known, gets 500 and the connection
 * is closed with nothing behind it looked at: what a web page can make a browser send to a loopback
 * port is never taken for commands. Behind each such line stands an upload that must not happen.
 */
const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** An upload that a server which goes on reading would store. */
function canary(): { readonly name: string; readonly upload: string } {
  const name = `canary-${randomUUID()}`;
  return { name, upload: `PUT ${name} size=4\n+4\nboomEND\n` };
}

async function expectClosed(before: string, replies: RegExp): Promise<void> {
  const { name, upload } = canary();
  using client = await RawClient.open(server.port);
  client.send(Buffer.from(`${before}\n${upload}${upload}`, "latin1"));
  expect(await client.rest()).toMatch(replies);
  expect(read(folder.join(name))).toBeUndefined();
}

const ONE_500 = /^500 syntax [ -~]+\n$/;

const NEVER_GRAMMATICAL = [
  "POST / HTTP/1.1",
  "GET / HTTP/1.1",
  "GET /x HTTP/1.1",
  "GET /x",
  "PUT x HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "GET http://127.0.0.1/ HTTP/1.1",
  "GET \xc3\xa9",
  "GET caf\xe9.txt",
  "GET a\tb",
  "GET a\0b",
  "GET \x1b[2J",
  "GET a+b",
  "GET a?b",
  "GET 'a'",
  "GET a%2",
  "GET a%zz",
  "GET %",
  "GET  a",
  "GET a ",
  " GET a",
  "NOOP ",
  "",
  "\r",
  "+5",
  "+4 0123456789abcdef",
  "~",
  "END",
  "END digest=2d06800538d394c2",
  "STAT a b",
  "STAT a key",
  "STAT a KEY=1",
  "STAT a size=1 +",
  "123",
  "<html>",
  "\x16\x03\x01\x02\x00\x01",
  `GET ${"a".repeat(8188)}`,
];

describe("as the first line", () => {
  test.each([...NEVER_GRAMMATICAL, "HELO", "USER anonymous", "SSH", "EHLO a"])("%j", (line) =>
    expectClosed(line, ONE_500),
  );
});

describe("after requests that were fine", () => {
  test.each(NEVER_GRAMMATICAL)("%j", (line) =>
    expectClosed(`NOOP\nNOOP\n${line}`, /^200\n200\n500 syntax [ -~]+\n$/),
  );
});

describe("within a body", () => {
  test.each([
    "GET a",
    "NOOP",
    "QUIT",
    "PUT other size=0",
    "POST / HTTP/1.1",
    "",
    "+0",
    "+3",
    "+5",
    "+04",
    "+-4",
    "+4.0",
    "+4e0",
    "+262145",
    "+99999999999999999999",
    "+4 0123456789ABCDEF",
    "+4 0123",
    "+4 0123456789abcdef x",
  ])("%j", async (line) => {
    await expectClosed(`NOOP\nPUT inside size=4\n${line}`, /^200\n500 syntax [ -~]+\n$/);
    expect(read(folder.join("inside"))).toBeUndefined();
  });
});

test("a line without an end is cut off at its greatest length", async () => {
  using client = await RawClient.open(server.port);
  client.send(`GET ${"a".repeat(20_000)}`);
  expect(await client.rest()).toMatch(ONE_500);
});

test("a line of the greatest length is answered", async () => {
  using client = await RawClient.open(server.port);
  client.sendLine(`GET ${"a/".repeat(4093)}a`);
  expect(await client.line()).toStartWith("553 name ");
  expect(await client.sendLine("NOOP").line()).toBe("200");
});

describe("a web page's request, sent by a real HTTP client", () => {
  test.each(["GET", "POST", "PUT", "DELETE"])("%s", async (method) => {
    const { name, upload } = canary();
    const sent = fetch(`http://127.0.0.1:${server.port}/${name}`, {
      method,
      headers: { "content-type": "text/plain" },
      ...(method === "GET" ? {} : { body: `${upload}\r\n${upload}` }),
      keepalive: false,
    });
    expect(
      await sent.then(
        () => "answered",
        () => "refused",
      ),
    ).toBe("refused");
    await server.waitFor(/disconnected \(broke the protocol/);
    expect(read(folder.join(name))).toBeUndefined();
  });
});

test("afterwards the server still serves", async () => {
  using client = await RawClient.open(server.port);
  const { name, upload } = canary();
  expect(await client.send(upload).line()).toStartWith("226 ");
  expect(read(folder.join(name))?.toString()).toBe("boom");
});
