import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { read } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE } from "../../support/wire.ts";

setDefaultTimeout(240_000);

/** Whatever length a client names or sends, the server holds no more than it has agreed to. */
const MIB = 1024 * 1024;

const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe("100 MB without LF", () => {
  const piece = Buffer.alloc(MIB, "a");
  test.each([
    ["as a request", ""],
    ["inside a body", "PUT endless size=5\n"],
  ])("%s are closed at the limit, in flat memory", async (_, before) => {
    using client = await FastClient.open(server.port);
    await client.send(before);
    const send = async (): Promise<void> => {
      for (let sent = 0; sent < 100; sent++) await client.send(piece);
    };
    const growth = await growthDuring(server, send);
    expect(client.ended).toBe(true);
    expect(growth).toBeLessThan(32 * MIB);
    expect(read(folder.join("endless"))).toBeUndefined();
  });

  test("the reply says so, and nothing behind it is looked at", async () => {
    using client = await FastClient.open(server.port);
    await client.send(piece);
    await client.send("\nPUT behind size=0\nEND\n");
    expect(await client.lines()).toEqual(["500 syntax A line is longer than 8192 bytes"]);
    expect(read(folder.join("behind"))).toBeUndefined();
  });
});

const OUT_OF_RANGE = [
  "-0",
  "-1",
  "1e3",
  "0x1",
  "01",
  "00",
  "1.0",
  "1,0",
  "%31",
  "Infinity",
  "NaN",
  "",
  String(2n ** 53n),
  String(2n ** 53n + 1n),
  String(2n ** 63n),
  String(2n ** 64n),
  String(2n ** 64n + 5n),
  "9".repeat(5000),
];

describe("numbers that are no plain decimal up to 2^53-1", () => {
  test.each(["size", "mtime", "exec"])(
    "are refused for %s, and the body is dropped",
    async (key) => {
      using client = await FastClient.open(server.port);
      for (const value of OUT_OF_RANGE) {
        await client.send(`PUT number ${key}=${value}\n+5\nhelloEND\n`);
        expect(await client.line()).toStartWith("501 argument ");
      }
      expect(await client.ask("NOOP")).toBe("200");
      expect(read(folder.join("number"))).toBeUndefined();
    },
  );

  test.each(["LIST recursive", "STAT number digest", "PUT number size=0\nEND digest"])(
    "are refused for %j",
    async (line) => {
      using client = await FastClient.open(server.port);
      // Of 16 digits it is a digest.
      for (const value of OUT_OF_RANGE.filter(({ length }) => length !== 16)) {
        expect(await client.ask(`${line}=${value}`)).toStartWith("501 argument ");
      }
      expect(await client.ask("NOOP")).toBe("200");
    },
  );

  test("break the protocol where they are signed, or a block's length", async () => {
    const lines = OUT_OF_RANGE.map((value) => `PUT number\n+${value}\nhelloEND`);
    for (const line of ["PUT number size=+1", "PUT number mtime=+1", ...lines]) {
      using client = await FastClient.open(server.port);
      await client.sendLine(`${line}\nNOOP`);
      client.finish();
      expect(await client.lines(), line).toEqual([expect.stringMatching(/^500 syntax /)]);
    }
    expect(read(folder.join("number"))).toBeUndefined();
  });

  test("0 and 2^53-1 pass, and time is not rounded", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.put("zero", { keys: " mtime=0", content: Buffer.of() })).toStartWith(
      "226 ",
    );
    expect(await client.ask("STAT zero")).toBe("213 type=file size=0 mtime=0");
    const odd = 1_763_800_000_001;
    expect(await client.put("odd", { keys: ` mtime=${odd}`, content: Buffer.of() })).toStartWith(
      "226 ",
    );
    expect(await client.ask("STAT odd")).toBe(`213 type=file size=0 mtime=${odd}`);
    const most = { keys: ` mtime=${Number.MAX_SAFE_INTEGER}`, content: Buffer.of() };
    expect(await client.put("most", most)).toStartWith("226 ");
  });
});

describe("a size that no disk holds", () => {
  test.each(["9000000000000000", String(Number.MAX_SAFE_INTEGER)])(
    "%s is refused before the body, and the connection stays usable",
    async (size) => {
      using client = await FastClient.open(server.port);
      // No body is sent before the reply has come.
      expect(await client.ask(`PUT huge size=${size}`)).toStartWith("452 space ");
      await client.send(block(Buffer.alloc(BLOCK_SIZE)));
      expect(await client.ask("ABORT\nNOOP")).toBe("200");
      expect(read(folder.join("huge"))).toBeUndefined();
    },
  );
});

describe("the body of an upload that was refused", () => {
  const part = block(Buffer.alloc(BLOCK_SIZE));
  const send = async (client: FastClient, mebibytes: number): Promise<void> => {
    for (let sent = 0; sent < mebibytes * 4 && !client.ended; sent++) await client.send(part);
  };

  test("is dropped up to 64 MiB", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("PUT con")).toStartWith("553 name ");
    const growth = await growthDuring(server, () => send(client, 63));
    expect(await client.ask("END\nNOOP")).toBe("200");
    expect(growth).toBeLessThan(64 * MIB);
  });

  test("is not put up with beyond 64 MiB", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("PUT con")).toStartWith("553 name ");
    await send(client, 65);
    await client.send("END\nNOOP\n");
    expect(await client.line()).toStartWith("421 closing ");
    await client.closed();
  });

  test("is waited for no longer than 15 s", async () => {
    using client = await FastClient.open(server.port);
    expect(await client.ask("PUT con")).toStartWith("553 name ");
    expect(await client.line()).toStartWith("421 closing ");
  });
});
