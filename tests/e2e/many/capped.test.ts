import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { eventsOf } from "../../support/shell.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

/** The lines of standard error but for those of the connection. */
function linesOf({ stderr }: { readonly stderr: string }): readonly string[] {
  return stderr.split("\n").filter((line) => !/^(?:$|Connected to |Closed the )/.test(line));
}

function many(folder: string, count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${folder}/f${index}`, "x"]),
  );
}

describe("failures for one reason", () => {
  test("are told ten times, and then counted; programs and -v are told of each", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("client"), many("t", 25));
    mkdirSync(folder.join("server"));
    await using server = await ServerProcess.start(folder.join("server"), ["--quota", "5"]);
    const run = (...args: string[]) =>
      connect(folder.join("client"), server.port, ...(args as [string]));
    const ran = await run("put -r t");
    const failed = linesOf(ran).filter((line) => line.startsWith("PUT t/"));
    // What others take meanwhile is a reason of its own, and may be one for some.
    const isOfAlone = (line: string): boolean => !line.includes("under way");
    expect(failed.filter(isOfAlone).length).toBeLessThanOrEqual(10);
    expect(failed.length).toBeGreaterThanOrEqual(10);
    const more = linesOf(ran).flatMap((line) => /^… and (\d+) more: .*quota/.exec(line)?.[1] ?? []);
    expect(failed.length + more.reduce((sum, count) => sum + Number(count), 0)).toBe(20);
    expect(linesOf(ran).at(-1)).toMatch(/, 20 failed$/);
    expect(ran.status).toBe(7);
    const events = eventsOf(await run("put -r t", "--json")).filter(
      (event) => "path" in event && "status" in event,
    );
    expect(events.length).toBeGreaterThanOrEqual(20);
    const all = linesOf(await run("put -rv t")).filter((line) => /^PUT t\/.*quota/.test(line));
    expect(all.length).toBeGreaterThanOrEqual(20);
  });

  test("do not hide another reason", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), many("t", 1));
    for (let index = 0; index < 15; index++) symlinkSync("f0", folder.join(`server/t/l${index}`));
    writeTree(folder.join("server"), { "t/z": "z" });
    writeTree(folder.join("client"), { "t/z/in-the-way": "" });
    await using server = await ServerProcess.start(folder.join("server"));
    const lines = linesOf(await connect(folder.join("client"), server.port, "get -r t"));
    expect(lines.filter((line) => line.startsWith("GET t/l"))).toHaveLength(10);
    expect(lines.filter((line) => line.startsWith("GET t/z: "))).toHaveLength(1);
    expect(
      lines.filter((line) => line.startsWith("… and 5 more: It cannot be served: a link")),
    ).toHaveLength(1);
  });

  test("are counted likewise by RM", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("client"));
    mkdirSync(folder.join("server/t"), { recursive: true });
    for (let index = 0; index < 15; index++) symlinkSync("f0", folder.join(`server/t/l${index}`));
    await using server = await ServerProcess.start(folder.join("server"));
    const lines = linesOf(await connect(folder.join("client"), server.port, "rm -r t"));
    expect(lines.filter((line) => line.startsWith("RM t/l"))).toHaveLength(10);
    expect(lines.filter((line) => line.startsWith("… and 5 more: "))).toHaveLength(1);
  });
});

describe("what the server has said that it does not allow", () => {
  test.each([
    ["put -r t", "PUT t: The server does not allow it: you may only read"],
    ["put -rn t", "PUT t: The server does not allow it: you may only read"],
    ["put -ru t", "PUT t: The server does not allow it: you may only read"],
    ["mput t/*", "MPUT t/*: The server does not allow it: you may only read"],
    ["mirror -R t", "MIRROR t: The server does not allow it: you may only read"],
    ["mirror -Rn t", "MIRROR t: The server does not allow it: you may only read"],
    ["rm -r there", "RM there: The server does not allow it: you may only read"],
    ["rm there/*", "RM there/*: The server does not allow it: you may only read"],
  ])("%s tells in one line, and asks for nothing", async (line, told) => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("client"), many("t", 150));
    writeTree(folder.join("server"), many("there", 150));
    const before = contentsOf(folder.join("server"));
    await using server = await ServerProcess.start(folder.join("server"), ["--read-only"]);
    const ran = await connect(folder.join("client"), server.port, line);
    expect(linesOf(ran)).toEqual([told]);
    expect(ran.status).toBe(6);
    expect(contentsOf(folder.join("server"))).toEqual(before);
    expect(server.log).not.toMatch(/read-only|denied/);
  });

  test.each(["put -ru t", "mirror -R t"])("%s of what is the same needs no right", async (line) => {
    using folder = new TemporaryFolder();
    for (const side of ["client", "server"]) writeTree(folder.join(side), many("t", 20));
    await using server = await ServerProcess.start(folder.join("server"), ["--read-only"]);
    const ran = await connect(folder.join("client"), server.port, line);
    expect(ran.stderr).toContain(" t: 20 the same already\n");
    expect(ran.status).toBe(0);
  });
});

describe("folders made", () => {
  /** Nested folders, the outermost among them, with files in some of them. */
  const FOLDERS = 1 + 3 + 3 * 4 + 3 * 4 * 2;
  const tree = Object.fromEntries(
    Array.from({ length: 24 }, (_, index) => {
      const [a, b, c] = [index % 3, Math.floor(index / 3) % 4, Math.floor(index / 12)];
      return [`t/a${a}/b${b}/c${c}/f`, "x"];
    }),
  );

  test.each([
    ["get -r t", "server"],
    ["get -r t x/y", "server"],
    ["get -ru t x", "server"],
    ["mirror t", "server"],
    ["mirror t x", "server"],
    ["put -r t", "client"],
    ["put -ru t x", "client"],
    ["mirror -R t", "client"],
    ["mirror -R t x", "client"],
  ])("by %s are as many as were not there before", async (line, side) => {
    using folder = new TemporaryFolder();
    for (const each of ["client", "server"]) mkdirSync(folder.join(each));
    writeTree(folder.join(side), tree);
    await using server = await ServerProcess.start(folder.join("server"));
    const dry = await connect(folder.join("client"), server.port, `${line} -n`);
    expect(dry.stderr).toContain(`, would make ${FOLDERS} folders\n`);
    expect(dry.stderr.match(/^Would make \S+\/$/gm)).toHaveLength(FOLDERS);
    expect(dry.status).toBe(0);
    const ran = await connect(folder.join("client"), server.port, line);
    expect(ran.stderr).toContain(`, ${FOLDERS} folders made\n`);
    const none = await connect(folder.join("client"), server.port, `${line} -n`);
    if (!line.endsWith(" x") || line.startsWith("mirror")) {
      if (!line.endsWith(" x/y")) expect(none.stderr).not.toMatch(/[Ww]ould make/);
    }
    const again = await connect(folder.join("client"), server.port, line);
    if (!/ x(?:\/y)?$/.test(line) || line.startsWith("mirror")) {
      expect(again.stderr).not.toMatch(/folders? made/);
    }
  });

  test("are those alone that were not there", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), tree);
    mkdirSync(folder.join("client/t/a0/b0/c0"), { recursive: true });
    await using server = await ServerProcess.start(folder.join("server"));
    const dry = await connect(folder.join("client"), server.port, "get -rn t");
    expect(dry.stderr).toContain(`, would make ${FOLDERS - 4} folders\n`);
    const ran = await connect(folder.join("client"), server.port, "get -r t");
    expect(ran.stderr).toContain(`, ${FOLDERS - 4} folders made\n`);
  });
});
