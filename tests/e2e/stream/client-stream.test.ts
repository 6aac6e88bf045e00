import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes, randomInt } from "node:crypto";
import { filesUnder, publishedUnder, read, write } from "../../support/files.ts";
import {
  announce,
  flood,
  goodFile,
  GREETING,
  HONEST,
  HostileServer,
} from "../../support/hostile-server.ts";
import { runMeasured } from "../../support/memory.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { Random } from "../../support/random.ts";
import { block, BLOCK_SIZE, body, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const hello = Buffer.from("hello");

describe("100 MB without LF", () => {
  const piece = Buffer.alloc(MIB, "a");

  test("as a greeting", async () => {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.start((victim) => flood(victim, piece, 100));
    const { status, growth, log } = await runMeasured(folder, server.port, "GET file");
    expect(log).toContain("answered something else than Simple FTP");
    expect(status).toBe(3);
    expect(growth).toBeLessThan(64 * MIB);
  });

  test.each([
    ["as a reply", ""],
    ["inside a body", announce(5)],
  ])("%s", async (_, before) => {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.startFor("GET", async (victim) => {
      await victim.send(before);
      await flood(victim, piece, 100);
    });
    const { status, growth, log } = await runMeasured(folder, server.port, "GET file");
    expect(log).toContain("A line is longer than 8192 bytes");
    expect(status).toBe(3);
    expect(growth).toBeLessThan(64 * MIB);
    expect(filesUnder(folder.path)).toEqual([]);
  });
});

describe("one bit flipped", () => {
  const FLIPS = 500;
  const seed = Number(process.env["SFTP_TEST_SEED"] ?? randomInt(2 ** 31));
  const content = randomBytes(2 * BLOCK_SIZE + 12_345);
  const good = body(content);
  const beforeData = "+262144 0123456789abcdef\n".length;

  function flipped(bit: number): Buffer {
    const bad = Buffer.from(good);
    const byte = Math.floor(bit / 8);
    bad.writeUInt8(bad.readUInt8(byte) ^ (1 << (bit % 8)), byte);
    return bad;
  }

  test(`at ${FLIPS} offsets of the data: told, and the connection goes on (SFTP_TEST_SEED=${seed})`, async () => {
    using folder = new TemporaryFolder();
    const random = new Random(seed);
    await using server = await HostileServer.startFor("GET bad", async (victim) => {
      const block = random.below(2);
      const byte = block * (beforeData + BLOCK_SIZE) + beforeData + random.below(BLOCK_SIZE);
      await victim.send(announce(content.length), flipped(8 * byte + random.below(8)));
      await victim.until("ABORT");
      await victim.send("426 aborted Cancelled\n225\n");
    });
    const commands = `${"-GET bad;".repeat(FLIPS)} GET honest`;
    const ran = await connect(folder.join("client"), server.port, commands);
    expect(ran.status).toBe(0);
    expect(ran.stderr.match(/^GET bad: .*digest is wrong/gm)).toHaveLength(FLIPS);
    expect(publishedUnder(folder.join("client"))).toEqual(["honest"]);
  });

  test(`at ${FLIPS} offsets, headers included: nothing is stored (SFTP_TEST_SEED=${seed})`, async () => {
    using folder = new TemporaryFolder();
    write(folder.join("client/bad"), "old");
    const random = new Random(seed);
    await using server = await HostileServer.startFor("GET", async (victim) => {
      const bit =
        random.below(2) === 0 ? random.below(8 * good.length) : random.below(8 * beforeData);
      await victim.send(
        announce(content.length),
        flipped(bit),
        `226 digest=${fileDigest(content)}\n`,
      );
      victim.finish();
    });
    const commands = `-OPEN ${server.port}; -GET bad; -CLOSE;`.repeat(FLIPS);
    const ran = await connect(folder.join("client"), server.port, `CLOSE; ${commands}`);
    expect(ran.stderr.match(/^GET bad: /gm)).toHaveLength(FLIPS);
    expect(ran.stderr).not.toContain("verified");
    expect(publishedUnder(folder.join("client"))).toEqual(["bad"]);
    expect(read(folder.join("client/bad"))?.toString()).toBe("old");
  });
});

describe("a size that no disk holds", () => {
  test.each(["9000000000000000", String(Number.MAX_SAFE_INTEGER)])(
    "%s: status 7 without taking it, and the connection goes on",
    async (size) => {
      using folder = new TemporaryFolder();
      await using server = await HostileServer.startFor("GET huge", async (victim) => {
        await victim.send(announce(size), block(Buffer.alloc(BLOCK_SIZE)));
        await victim.until("ABORT");
        await victim.send("426 aborted Cancelled\n225\n");
      });
      const alone = await connect(folder.join("client"), server.port, "GET huge");
      expect(alone.status).toBe(7);
      const both = await connect(folder.join("client"), server.port, "-GET huge; GET honest");
      expect(both.status).toBe(0);
      expect(read(folder.join("client/honest"))).toEqual(HONEST);
      expect(publishedUnder(folder.join("client"))).toEqual(["honest"]);
    },
  );

  test("from a server that sends it all the same, and never stops", async () => {
    using folder = new TemporaryFolder();
    const full = block(Buffer.alloc(BLOCK_SIZE));
    await using server = await HostileServer.startFor("GET", async (victim) => {
      await victim.send(announce("9000000000000000"));
      await flood(victim, full, Number.POSITIVE_INFINITY);
    });
    const { status, growth } = await runMeasured(folder, server.port, "GET huge");
    expect(status).toBe(3);
    expect(growth).toBeLessThan(128 * MIB);
    expect(filesUnder(folder.path)).toEqual([]);
  });
});

describe("a size that is no plain decimal up to 2^53-1", () => {
  // Read more freely the first ones would be the size of what follows.
  const forms = ["5e0", "05", "5.0", "0x5", "-5", "", "9".repeat(300)];
  test.each([...forms, String(2n ** 53n), String(2n ** 64n), String(2n ** 64n + 5n)])(
    "%j is refused",
    async (size) => {
      using folder = new TemporaryFolder();
      await using server = await HostileServer.startFor("GET", (victim) =>
        victim.send(announce(size), block(hello), `226 digest=${fileDigest(hello)}\n`),
      );
      const ran = await connect(folder.join("client"), server.port, "GET file");
      expect(ran.stderr).toContain("a size that is no number");
      expect(ran.status).toBe(3);
      expect(filesUnder(folder.path)).toEqual([]);
    },
  );
});

test("what a client does not know is passed over: 1xx, fields, features, keys of a listing", async () => {
  using folder = new TemporaryFolder();
  const listing = Buffer.from(
    '{"path":"a","type":"file","size":1,"mtime":0,"exec":false,"new":{}}\n',
  );
  await using server = await HostileServer.start(async (victim) => {
    await victim.send(GREETING.replace("\n", " features=a,b new=field%20of%20greeting\n"));
    await victim.until("GET");
    await victim.send("110 done=0\n199 new=1\n123\n110 done=5\n");
    await victim.send("150 size=5 mtime=1763800000123 offset=0 new=x\n~\n", block(hello), "~\n~\n");
    await victim.send(`226 digest=${fileDigest(hello)} new=x\n`);
    await victim.until("LIST");
    await victim.send("150 new=x\n~\n", block(listing), "~\n226 new=x\n");
    await victim.until("QUIT");
    await victim.send("110 done=1\n299 bye=1\n");
    victim.finish();
  });
  const ran = await connect(folder.join("client"), server.port, "GET file; LS");
  expect(ran).toMatchObject({ status: 0, stdout: "a\n" });
  expect(read(folder.join("client/file"))).toEqual(hello);
});

test.each([
  [499, 1],
  [420, 1],
  [599, 1],
  [560, 1],
])("the unknown code %i goes by its class, and the connection goes on", async (code, status) => {
  using folder = new TemporaryFolder();
  await using server = await HostileServer.startFor("GET new", (victim) =>
    victim.send(`${code} brand-new A word that nobody knows\n`),
  );
  const { port } = server;
  expect((await connect(folder.join("client"), port, "GET new")).status).toBe(status);
  const ran = await connect(folder.join("client"), port, "-GET new; GET honest");
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain("A word that nobody knows");
});

describe("a body where none is due", () => {
  test.each([
    ["STAT, before PUT", "STAT", "PUT file there"],
    ["PUT", "PUT", "PUT file"],
    ["QUIT", "QUIT", "GET honest"],
  ])("in the answer to %s does not hold the client up", async (_, verb, command) => {
    using folder = new TemporaryFolder();
    write(folder.join("client/file"), "hello");
    await using server = await HostileServer.startFor(verb, async (victim) => {
      await victim.send("150\n");
      await victim.gone();
    });
    const ran = await connect(folder.join("client"), server.port, command, "--timeout", "20");
    expect(ran.status).toBe(verb === "QUIT" ? 0 : 3);
  });

  test("a block outside of any body is told", async () => {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.startFor("GET", (victim) =>
      victim.send(block(hello), goodFile(hello)),
    );
    const ran = await connect(folder.join("client"), server.port, "GET file");
    expect(ran.status).toBe(3);
    expect(filesUnder(folder.path)).toEqual([]);
  });
});
