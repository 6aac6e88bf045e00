import { beforeAll, afterAll, describe, expect, test } from "bun:test";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { read, write, writeRandom } from "../support/files.ts";
import { RawClient } from "../support/raw-client.ts";
import { BLOCK_SIZE, block, blockDigest, body, EMPTY_DIGEST, fileDigest } from "../support/wire.ts";

const folder = new TemporaryFolder();
const large = writeRandom(folder.join("sub/large.bin"), 2 * BLOCK_SIZE + 12_345);
const exact = writeRandom(folder.join("sub/exact.bin"), 2 * BLOCK_SIZE);
write(folder.join("empty"), "");
write(folder.join("hello.txt"), "hello");
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const open = (): Promise<RawClient> => RawClient.open(server.port);
const stored = (name: string): string | undefined => read(folder.join(name))?.toString();

test("the greeting names protocol, program, login and pipeline", async () => {
  using client = await open();
  expect(client.greeting).toMatch(
    /^220 protocol=1 server=sftp\/\d+\.\d+\.\d+ auth=none pipeline=\d+ features=pack,unpack$/,
  );
  expect(Number(/pipeline=(\d+)/.exec(client.greeting)?.[1])).toBeGreaterThanOrEqual(1024);
});

describe("GET", () => {
  test.each([
    ["sub/large.bin", large],
    ["sub/exact.bin", exact],
    ["hello.txt", Buffer.from("hello")],
  ])("%s comes in blocks with their digests, then the file's", async (path, content) => {
    using client = await open();
    client.sendLine(`GET ${path}`);
    expect(await client.line()).toMatch(
      new RegExp(`^150 size=${content.length} mtime=\\d+ offset=0`),
    );
    for (let at = 0; at < content.length; at += BLOCK_SIZE) {
      const part = content.subarray(at, at + BLOCK_SIZE);
      expect(await client.line()).toBe(`+${part.length} ${blockDigest(part)}`);
      expect((await client.bytes(part.length)).equals(part)).toBe(true);
    }
    expect(await client.line()).toBe(`226 digest=${fileDigest(content)}`);
  });

  test("an empty file has no block, and the digest of nothing", async () => {
    using client = await open();
    expect(await client.sendLine("GET empty").line()).toStartWith("150 size=0 ");
    expect(await client.line()).toBe(`226 digest=${EMPTY_DIGEST}`);
  });

  test("what it is refused with leaves the connection usable", async () => {
    using client = await open();
    client.send(
      "GET none%20such\nGET sub\nGET %2E%2E/x\nGET a%2Fb\nGET %ff\nGET a/../b\nGET\nNOOP\n",
    );
    expect(await client.line()).toBe("550 not-found There is no file none%20such");
    expect(await client.line()).toStartWith("553 not-a-file sub is ");
    for (const name of ["../x", "a%2Fb", "%ff", "a/../b"]) {
      expect(await client.line()).toStartWith(`553 name The name ${name}`.slice(0, 18));
    }
    expect(await client.line()).toBe("501 argument GET needs a path");
    expect(await client.line()).toBe("200");
  });
});

describe("PUT", () => {
  test("is stored when its END is verified, with time and mode", async () => {
    using client = await open();
    const content = Buffer.concat([large, Buffer.from("more")]);
    client.sendLine(`PUT new/put.bin size=${content.length} mtime=1763800000123 exec=1`);
    client.send(body(content)).sendLine(`END digest=${fileDigest(content)}`);
    expect(await client.line()).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
    expect(read(folder.join("new/put.bin"))?.equals(content)).toBe(true);
    expect(await client.sendLine("STAT new/put.bin").line()).toBe(
      `213 type=file size=${content.length} mtime=1763800000123 exec=1`,
    );
  });

  test("needs neither size nor digests, so that a person can type it", async () => {
    using client = await open();
    client.send("put typed.txt\n+6\nhello\nEND\n");
    expect(await client.line()).toBe(`226 size=6 digest=${fileDigest(Buffer.from("hello\n"))}`);
    expect(stored("typed.txt")).toBe("hello\n");
  });

  test("of an empty file has no block", async () => {
    using client = await open();
    client.send(`PUT nothing size=0\nEND digest=${EMPTY_DIGEST}\n`);
    expect(await client.line()).toBe(`226 size=0 digest=${EMPTY_DIGEST}`);
    expect(stored("nothing")).toBe("");
  });

  test("if=absent never replaces", async () => {
    using client = await open();
    write(folder.join("kept.txt"), "kept");
    client.send("PUT kept.txt if=absent\n+1\nx\nEND\nNOOP\n".replace("x\n", "x"));
    expect(await client.line()).toStartWith("553 exists kept.txt ");
    expect(await client.line()).toBe("200");
    expect(stored("kept.txt")).toBe("kept");
  });

  test("that is refused has its body dropped, and what is behind it answered", async () => {
    using client = await open();
    client.send("PUT con size=5\n", block(Buffer.from("hello")), "END\nNOOP\n");
    client.send("PUT a size=x\n", block(Buffer.from("hello")), "END\nNOOP\n");
    expect(await client.line()).toStartWith("553 name The name con is not allowed");
    expect(await client.line()).toBe("200");
    expect(await client.line()).toStartWith("501 argument ");
    expect(await client.line()).toBe("200");
    expect(stored("a")).toBeUndefined();
  });

  test("~ keeps it alive, ABORT forgets it", async () => {
    using client = await open();
    client.send("PUT aborted size=5\n~\n", block(Buffer.from("hello")), "~\nABORT\nNOOP\n");
    expect(await client.line()).toStartWith("426 aborted ");
    expect(await client.line()).toBe("200");
    expect(stored("aborted")).toBeUndefined();
  });
});

describe("LIST and STAT", () => {
  interface Entry {
    readonly path: string;
    readonly type: string;
    readonly size: number;
  }
  const list = async (client: RawClient, line: string): Promise<Entry[]> => {
    expect(await client.sendLine(line).line()).toBe("150");
    const { content, end } = await client.body();
    expect(end).toBe("226");
    const lines = content.toString().trimEnd().split("\n");
    return lines.map((entry): Entry => JSON.parse(entry));
  };

  test("a folder, whole trees with parents first, and one file alone", async () => {
    using client = await open();
    const flat = await list(client, "LIST sub");
    expect(flat.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      expect.objectContaining({ path: "sub/exact.bin", type: "file", size: exact.length }),
      expect.objectContaining({ path: "sub/large.bin", type: "file", size: large.length }),
    ]);
    const paths = (await list(client, "list recursive=1")).map(({ path }) => path);
    expect(paths.indexOf("sub")).toBeGreaterThanOrEqual(0);
    expect(paths.indexOf("sub")).toBeLessThan(paths.indexOf("sub/large.bin"));
    expect(await list(client, "LIST hello.txt")).toEqual([
      expect.objectContaining({ path: "hello.txt", type: "file", size: 5 }),
    ]);
  });

  test("of nothing is 550", async () => {
    using client = await open();
    expect(await client.sendLine("LIST none").line()).toStartWith("550 not-found ");
    expect(await client.sendLine("STAT none").line()).toStartWith("550 not-found ");
  });

  test("STAT tells of one entry, its digest if asked", async () => {
    using client = await open();
    expect(await client.sendLine("STAT sub").line()).toStartWith("213 type=folder size=0 mtime=");
    expect(await client.sendLine("STAT").line()).toStartWith("213 type=folder ");
    expect(await client.sendLine("STAT sub/large.bin digest=1").line()).toMatch(
      new RegExp(`^213 type=file size=${large.length} mtime=\\d+ .*digest=${fileDigest(large)}$`),
    );
  });
});

describe("the conversation", () => {
  test("pipelined requests are answered in order, those behind a PUT included", async () => {
    using client = await open();
    client.send(
      "NOOP\nPUT piped size=5\n",
      block(Buffer.from("piped")),
      "END\nGET piped\nHELP\nNOOP key=1\nSTAT piped mystery=1\nnoop\nQUIT\nGET hello.txt\n",
    );
    expect(await client.line()).toBe("200");
    expect(await client.line()).toStartWith("226 size=5 ");
    expect(await client.line()).toStartWith("150 size=5 ");
    expect((await client.body()).content.toString()).toBe("piped");
    expect(await client.line()).toBe("500 syntax There is no verb HELP");
    expect(await client.line()).toBe("501 argument NOOP takes no key key");
    expect(await client.line()).toBe("501 argument STAT takes no key mystery");
    expect(await client.line()).toBe("200");
    expect(await client.rest()).toBe("221\n");
  });

  test("a thousand requests at once", async () => {
    using client = await open();
    client.send("NOOP\nSTAT empty\n".repeat(1000), "QUIT\n");
    const lines = (await client.rest()).trimEnd().split("\n");
    expect(lines).toHaveLength(2001);
    expect(lines.filter((line) => line === "200")).toHaveLength(1000);
    expect(lines.at(-1)).toBe("221");
  });

  test("byte by byte, with CR LF", async () => {
    using client = await open();
    client.socket.setNoDelay(true);
    for (const byte of "PUT slow size=5\r\n+5\r\nhelloEND\r\nQUIT\r\n") {
      await new Promise<void>((resolve) => client.socket.write(byte, () => resolve()));
    }
    expect(await client.line()).toStartWith("226 size=5 ");
    expect(await client.rest()).toBe("221\n");
    expect(stored("slow")).toBe("hello");
  });

  test("FIN between requests: what is owed is answered, then it is closed", async () => {
    using client = await open();
    client.send("NOOP\nSTAT empty\nNOOP\n").finish();
    expect(await client.rest()).toMatch(/^200\n213 .*\n200\n$/);
  });

  test("FIN inside a body stores nothing", async () => {
    using client = await open();
    client.send("PUT cut size=5\n", block(Buffer.from("hello"))).finish();
    expect(await client.rest()).toStartWith("426 aborted ");
    expect(stored("cut")).toBeUndefined();
  });
});
