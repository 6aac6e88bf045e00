import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { FastClient } from "../../support/fast-client.ts";
import { read, write, writeRandom } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { connect, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

setDefaultTimeout(300_000);

const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(folder.join("server"));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A word for the shell, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

describe("a file both ways, byte for byte", () => {
  test.each([
    ["empty", 0],
    ["of one byte", 1],
    ["of one block less one", BLOCK_SIZE - 1],
    ["of one block", BLOCK_SIZE],
    ["of one block and one", BLOCK_SIZE + 1],
    ["of two blocks", 2 * BLOCK_SIZE],
    ["of many blocks and a bit", 9 * BLOCK_SIZE + 12_345],
  ])("%s", async (_, size) => {
    const name = `size-${size}`;
    const content = writeRandom(folder.join("client", name), size);
    const commands = `PUT ${name}; GET ${name} back/${name}`;
    const ran = await connect(folder.join("client"), server.port, commands);
    expect(ran.status, ran.stderr).toBe(0);
    expect(read(folder.join("server", name))?.equals(content)).toBe(true);
    expect(read(folder.join("client/back", name))?.equals(content)).toBe(true);
  });
});

describe("a name both ways", () => {
  test.each([
    "with spaces  two of them",
    'it\'s "quoted"',
    "100%",
    "%41 is not A",
    "%2e%2e",
    "%",
    "emoji 🦊 and 中文",
    "\u00e9 composed",
    "a+b&c=d;e,f!(g)*[h]{i}~",
    "#not a comment",
    "-not-an-option",
    "back`tick` $HOME",
    "in/folders of/its own/file name",
    "n".repeat(255),
  ])("%j", async (name) => {
    const content = Buffer.from(`the content of ${name}`);
    write(folder.join("client", name), content);
    const commands = `PUT -- ${quoted(name)}; GET -- ${quoted(name)} ${quoted("back")}/${quoted(name)}`;
    const ran = await connect(folder.join("client"), server.port, commands);
    expect(ran.status, ran.stderr).toBe(0);
    expect(read(folder.join("server", name))).toEqual(content);
    expect(read(folder.join("client/back", name))).toEqual(content);
  });
});

test.each([
  ["755", 1_763_800_000_001],
  ["644", 1_763_800_000_999],
  ["700", 1],
])("mode %s and a time to the millisecond are kept both ways", async (octal, mtime) => {
  const name = `attributes-${octal}`;
  const mode = Number.parseInt(octal, 8);
  write(folder.join("client", name), "x");
  chmodSync(folder.join("client", name), mode);
  utimesSync(folder.join("client", name), new Date(mtime), new Date(mtime));
  const commands = `PUT ${name}; GET ${name} back/${name}`;
  expect((await connect(folder.join("client"), server.port, commands)).status).toBe(0);
  for (const place of ["server", "client/back"]) {
    const stat = statSync(folder.join(place, name), { bigint: true });
    expect(stat.mtimeNs / 1_000_000n).toBe(BigInt(mtime));
    expect((stat.mode & 0o100n) !== 0n).toBe((mode & 0o100) !== 0);
  }
});

describe("5 GiB and 3 bytes", () => {
  const SIZE = 5 * 1024 ** 3 + 3;
  const NEEDED = 6;
  const MIB = 1024 * 1024;

  /** A file of zeros that takes no room, with other bytes at its end. */
  function writeSparse(path: string): void {
    write(path, "");
    truncateSync(path, SIZE - 3);
    writeFileSync(path, "end", { flag: "a" });
  }

  test.each([
    ["client", "server", "PUT sparse"],
    ["server", "client", "GET sparse"],
  ])("from %s to %s, with exact sizes, in flat memory", async (from, to, command) => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const room = (bavail * bsize) / 1024 ** 3;
    if (room < NEEDED) {
      throw new Error(`${tmpdir()} has ${room.toFixed(1)} GiB free: ${NEEDED} are needed`);
    }
    using place = new TemporaryFolder();
    writeSparse(place.join(from, "sparse"));
    await using large = await ServerProcess.start(place.join("server"));
    const running = Promise.withResolvers<Ran>();
    const growth = await growthDuring(large, () => {
      running.resolve(connect(place.join("client"), large.port, command, "--json"));
      return running.promise;
    });
    expect(growth).toBeLessThan(256 * MIB);
    const ran = await running.promise;
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toContain(`"bytes":${SIZE},`);
    const [, digest = ""] = /"digest":"([0-9a-f]{16})"/.exec(ran.stdout) ?? [];

    expect(statSync(place.join(to, "sparse")).size).toBe(SIZE);
    expect(tail(place.join(to, "sparse"))).toEqual(Buffer.from("\0end"));
    // What arrived is read once more, by a server of its own.
    await using arrived = await ServerProcess.start(place.join(to));
    using client = await FastClient.open(arrived.port);
    const stat = await client.ask("STAT sparse digest=1");
    expect(stat).toStartWith(`213 type=file size=${SIZE} `);
    expect(stat).toEndWith(` digest=${digest}`);
  });

  function tail(path: string): Buffer {
    const descriptor = openSync(path, "r");
    const last = Buffer.alloc(4);
    readSync(descriptor, last, 0, 4, SIZE - 4);
    closeSync(descriptor);
    return last;
  }
});
