import { describe, expect, test } from "bun:test";
import { runMeasured } from "../../support/memory.ts";
import { goodFile, HostileServer, type Victim } from "../../support/hostile-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf } from "../../support/trees.ts";
import { blockDigest } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const SMALL = Buffer.from("small");

/** A server that lists what a test wants, and sends a small file for every GET. */
function listing(send: (victim: Victim) => Promise<void>): Promise<HostileServer> {
  return HostileServer.startFor("", async (victim, line) => {
    if (line.startsWith("LIST")) await send(victim);
    else if (line.startsWith("GET")) await victim.send(goodFile(SMALL));
    else if (line === "ABORT") await victim.send("225\n");
    else await victim.send("221\n");
  });
}

function blockOf(entries: readonly unknown[]): (string | Uint8Array)[] {
  const block = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return [`+${block.length} ${blockDigest(block)}\n`, block];
}

const file = (path: string): unknown => ({ path, type: "file", size: 5, mtime: 1 });
const folderEntry = (path: string): unknown => ({ path, type: "folder", size: 0, mtime: 1 });

describe("a listing", () => {
  test("with the same file twice brings it, whole", async () => {
    using folder = new TemporaryFolder();
    await using server = await listing((victim) =>
      victim.send("150\n", ...blockOf([file("a"), file("a"), file("b"), file("a")]), "226\n"),
    );
    const ran = await connect(folder.join("client"), server.port, "GET -r .");
    expect(ran.status).toBe(0);
    expect(contentsOf(folder.join("client"))).toEqual({ a: "small", b: "small" });
  });

  test.each([
    [
      "first a file",
      [file("a"), folderEntry("a"), file("a/b"), file("c")],
      { a: "small", c: "small" },
    ],
    [
      "first a folder",
      [folderEntry("a"), file("a"), file("a/b"), file("c")],
      { "a/": "", "a/b": "small", c: "small" },
    ],
  ])("of a file and a folder of one name (%s) loses nothing else", async (_, entries, held) => {
    using folder = new TemporaryFolder();
    await using server = await listing((victim) =>
      victim.send("150\n", ...blockOf(entries), "226\n"),
    );
    const ran = await connect(folder.join("client"), server.port, "GET -r .");
    expect(ran.status).toBe(6);
    expect(contentsOf(folder.join("client"))).toEqual(expect.objectContaining({ c: "small" }));
    expect(Object.keys(held).length).toBeGreaterThan(1);
  });

  test.each([
    ["names that lead out", "../x"],
    ["an absolute name", "/tmp/x"],
    ["an empty part", "a//b"],
    ["nothing", ""],
  ])("with %s ends the connection", async (_, path) => {
    using folder = new TemporaryFolder();
    await using server = await listing((victim) =>
      victim.send("150\n", ...blockOf([file("good"), file(path), file("more")]), "226\n"),
    );
    for (const line of ["GET -r .", "GET *", "MIRROR --delete ."]) {
      const ran = await connect(folder.join("client"), server.port, line);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain("broke the protocol");
    }
  });

  test("of endless depth is bounded by the length of a path", async () => {
    using folder = new TemporaryFolder();
    const depths = Array.from({ length: 8 }, (_, hundred) => hundred * 100);
    const blocks = depths.flatMap((from) =>
      blockOf(Array.from({ length: 100 }, (_, depth) => file(`${"d/".repeat(from + depth)}f`))),
    );
    await using server = await listing((victim) => victim.send("150\n", ...blocks, "226\n"));
    const ran = await connect(folder.join("client"), server.port, "GET -r .");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("failed");
    expect(ran.stderr).not.toContain("internal error");
  });

  test("that is cut, or ends in a failure, removes nothing with MIRROR --delete", async () => {
    using folder = new TemporaryFolder();
    for (const end of [
      "451 failed The disk\n",
      "426 aborted No\n",
      "421 closing Bye\n",
      "550 not-found Gone\n",
    ]) {
      await Bun.write(folder.join("client/mine"), "mine");
      await using server = await listing((victim) =>
        victim.send("150\n", ...blockOf([file("a")]), end),
      );
      const ran = await connect(folder.join("client"), server.port, "MIRROR --delete .");
      expect(ran.status).not.toBe(0);
      expect(contentsOf(folder.join("client"))["mine"]).toBe("mine");
    }
  });

  test("of 100 MiB is held as it came, while its files are got", async () => {
    using folder = new TemporaryFolder();
    // Folders take no transfer: the client goes through all of it.
    const entries = Array.from({ length: 1000 }, (_, n) => ({
      path: `${"x".repeat(90)}/${n}`,
      type: "refused",
      reason: "r",
    }));
    const pieces = blockOf(entries);
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    await using server = await listing(async (victim) => {
      await victim.send("150\n");
      for (let sent = 0; sent < 100 * MIB; sent += bytes) await victim.send(...pieces);
      await victim.send("226\n");
    });
    const { status, growth } = await runMeasured(folder, server.port, "GET nosuch* ");
    expect(status).toBe(5);
    expect(growth).toBeLessThan(300 * MIB);
  }, 120_000);

  test("that never ends is given up", async () => {
    using folder = new TemporaryFolder();
    const pieces = blockOf(
      Array.from({ length: 1000 }, (_, n) => folderEntry(`${"x".repeat(90)}${n}`)),
    );
    await using server = await listing(async (victim) => {
      await victim.send("150\n");
      for (;;) await victim.send(...pieces);
    });
    const { status, growth, log } = await runMeasured(folder, server.port, "GET nosuch*");
    expect(status).not.toBe(0);
    expect(log).toMatch(/longer than this program takes|goes on with what was cancelled/);
    expect(growth).toBeLessThan(400 * MIB);
  }, 120_000);
});
