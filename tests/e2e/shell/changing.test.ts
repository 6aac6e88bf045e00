import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { filesUnder, read, write } from "../../support/files.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { ClientProcess, connect, TemporaryFolder } from "../../support/programs.ts";
import { Scene } from "../../support/resume.ts";
import { eventsOf, ShellScene } from "../../support/shell.ts";
import { block } from "../../support/wire.ts";

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";

/** Everything under a folder, folders with a `/`, sorted. */
function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`.slice(folder.length + 1);
      return entry.isDirectory() ? `${path}/` : path;
    })
    .toSorted();
}

/** A scene with these files and, where they end in `/`, folders on the server. */
async function scene(...entries: string[]): Promise<ShellScene & { tree: () => string[] }> {
  const shell = await ShellScene.start((folder) => {
    for (const entry of entries) {
      if (entry.endsWith("/")) mkdirSync(folder.join("server", entry), { recursive: true });
      else write(folder.join("server", entry), entry);
    }
  });
  return Object.assign(shell, { tree: () => tree(shell.folder.join("server")) });
}

describe("MKDIR", () => {
  test("makes folders and those above them, here from where CD went", async () => {
    await using shell = await scene("a/");
    const ran = await shell.run("MKDIR 'b c/d' e; CD a; md f/g /h");
    expect(ran).toEqual({
      status: 0,
      stdout: "",
      stderr: "Made b c/d.\nMade e.\nMade a/f/g.\nMade h.\n",
    });
    expect(shell.tree()).toEqual(["a/", "a/f/", "a/f/g/", "b c/", "b c/d/", "e/", "h/"]);
  });

  test("what is there already is an error; -p is content with a folder, not with a file", async () => {
    await using shell = await scene("a/", "file");
    const plain = await shell.run("MKDIR a new");
    expect(plain.status).toBe(6);
    expect(plain.stderr).toBe(
      "MKDIR a: a exists already (on the server)\nMade new.\nMKDIR: 1 of 2 failed\n",
    );
    const parents = await shell.run("MKDIR -p a /; MKDIR --parents file");
    expect(parents).toEqual({
      status: 6,
      stdout: "",
      stderr: "MKDIR file: file exists already (on the server)\n",
    });
    expect((await shell.run("MKDIR /")).status).toBe(6);
  });

  test("one that fails does not stop the others, and the first failure gives the status", async () => {
    await using shell = await scene("file");
    const ran = await shell.run("MKDIR ../up 'a:b' file/x good; HELP");
    expect(ran.status).toBe(6);
    expect(ran.stdout).toBe("");
    expect(ran.stderr.split("\n")).toEqual([
      "MKDIR ../up: ../up leads above the server's root",
      expect.stringMatching(/^MKDIR a:b: The name a:b is not allowed: .*\(on the server\)$/),
      "MKDIR file/x: file is not a folder (on the server)",
      "Made good.",
      "MKDIR: 3 of 4 failed",
      "",
    ]);
    expect(shell.tree()).toEqual(["file", "good/"]);
  });
});

describe("RM", () => {
  test.each(["RM", "DELETE", "del"])("%s removes files", async (verb) => {
    await using shell = await scene("a", "b c", "keep", "logs/x");
    const ran = await shell.run(`${verb} a 'b c'; CD logs; ${verb} x`);
    expect(ran).toEqual({
      status: 0,
      stdout: "",
      stderr: "Removed a.\nRemoved b c.\nRemoved logs/x.\n",
    });
    expect(shell.tree()).toEqual(["keep", "logs/"]);
  });

  test("names each that fails and removes the others; a folder says how", async () => {
    await using shell = await scene("a", "full/100%25.txt", "z");
    const ran = await shell.run("RM none a full ../x z; HELP");
    expect(ran).toEqual({
      status: 6,
      stdout: "",
      stderr: [
        "RM ../x: ../x leads above the server's root",
        "RM none: There is no file or folder none (on the server)",
        "Removed a.",
        "RM full: full is a folder: RM -r removes it with all in it, RMDIR where it is empty",
        "Removed z.",
        "RM: 3 of 5 failed",
        "",
      ].join("\n"),
    });
    expect(shell.tree()).toEqual(["full/", "full/100%25.txt"]);
    expect(await shell.run("RM none; HELP")).toMatchObject({ status: 5, stdout: "" });
    expect((await shell.run("-RM none; RM -- full/100%25.txt")).status).toBe(0);
  });

  test("-r removes a tree, and of it only that", async () => {
    await using shell = await scene("t/a/b/c", "t/a/d", "t/e/", "t.txt", "tt/x", "one");
    const ran = await shell.run("RM -r t one");
    expect(ran).toEqual({
      status: 0,
      stdout: "",
      stderr: "Removed t: 2 files and 4 folders.\nRemoved one.\n",
    });
    expect(shell.tree()).toEqual(["t.txt", "tt/", "tt/x"]);
  });

  test("-r removes thousands of files", async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `many/${i % 7}/${i} é%20.txt`);
    await using shell = await scene(...names, "keep");
    const ran = await shell.run("RM -r many");
    expect(ran).toMatchObject({ status: 0, stderr: "Removed many: 3,000 files and 8 folders.\n" });
    expect(shell.tree()).toEqual(["keep"]);
  });

  test("-r leaves what cannot be removed, names it, and goes on with the rest", async () => {
    await using shell = await scene("t/a/x", "t/b/y", "t/c/d/z");
    symlinkSync("x", shell.folder.join("server/t/a/link"));
    const ran = await shell.run("RM -r t");
    expect(ran).toEqual({
      status: 6,
      stdout: "",
      stderr:
        "RM t/a/link: The server does not touch it: a link, and links are not followed\n" +
        "Removed 3 files and 3 folders of t, and left the rest.\nRM: 1 of 7 failed\n",
    });
    expect(shell.tree()).toEqual(["t/", "t/a/", "t/a/link"]);
  });

  test.each([
    ["RM /", "RM /: The root itself cannot be removed\n"],
    ["RM -r /", "RM /: The root itself cannot be removed\n"],
    ["RM -r .", "RM .: The root itself cannot be removed\n"],
    ["RM -rn /", "RM /: The root itself cannot be removed\n"],
    ["MV / x", "MV /: The root itself cannot be moved\n"],
    [
      "CD a/b; RM -r /a",
      "RM /a: You are in a, which can therefore not be removed: use CD to leave it first\n",
    ],
    [
      "CD a/b; RM -r .",
      "RM .: You are in a/b, which can therefore not be removed: use CD to leave it first\n",
    ],
    [
      "CD a/b; MV ../../a /c",
      "MV ../../a: You are in a, which can therefore not be moved: use CD to leave it first\n",
    ],
  ])("%s is refused", async (commands, stderr) => {
    await using shell = await scene("a/b/c", "x");
    expect(await shell.run(commands)).toEqual({ status: 6, stdout: "", stderr });
    expect(filesUnder(shell.folder.join("server"))).toEqual(["a/b/c", "x"]);
  });

  test("-n and --dry-run say what would be removed, and remove nothing", async () => {
    await using shell = await scene("t/a", "t/d/b", "one", "e/");
    const said = [
      "Would remove t/d/b.",
      "Would remove t/d/.",
      "Would remove t/a.",
      "Would remove t/.",
      "Would remove 2 files and 2 folders.",
    ];
    const dry = await shell.run("RM -rn t");
    expect({ ...dry, stderr: "" }).toEqual({ status: 0, stdout: "", stderr: "" });
    const lines = dry.stderr.trimEnd().split("\n");
    expect(lines.toSorted()).toEqual(said.toSorted());
    expect(lines.indexOf(said[0] ?? "")).toBeLessThan(lines.indexOf(said[1] ?? ""));
    expect(lines.slice(-2)).toEqual(said.slice(-2));
    expect(await shell.run("RM --recursive --dry-run t")).toEqual(dry);
    expect(await shell.run("RM -r t", "-n")).toEqual(dry);
    expect(await shell.run("RM -n one e t none; RM one", "-n")).toEqual({
      status: 6,
      stdout: "",
      stderr: [
        "Would remove one.",
        "RM e: e is a folder: RM -r removes it with all in it, RMDIR where it is empty",
        "RM t: t is a folder: RM -r removes it with all in it, RMDIR where it is empty",
        "RM none: There is no file or folder none (on the server)",
        "RM: 3 of 4 failed",
        "",
      ].join("\n"),
    });
    expect(shell.tree()).toEqual(["e/", "one", "t/", "t/a", "t/d/", "t/d/b"]);
  });

  test("leaves folders without -r, empty or not, and passes over those that patterns match", async () => {
    await using shell = await scene("em/", "full/x", "a", "b");
    const ran = await shell.run("RM em");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toBe(
      "RM em: em is a folder: RM -r removes it with all in it, RMDIR where it is empty\n",
    );
    expect(await shell.run("RM *")).toEqual({
      status: 0,
      stdout: "",
      stderr: "Removed a.\nRemoved b.\nRM: 2 folders left out (-r takes them)\n",
    });
    const only = await shell.run("RM *");
    expect(only.status).toBe(6);
    expect(only.stderr).toBe("RM *: Only folders match *: -r takes them\n");
    expect(shell.tree()).toEqual(["em/", "full/", "full/x"]);
    expect((await shell.run("RM -r em; RM -r f*")).status).toBe(0);
    expect(shell.tree()).toEqual([]);
  });

  test("takes patterns, also with -r; a quoted word is none", async () => {
    await using shell = await scene(
      "a.bak",
      "b.bak",
      "*.bak",
      "keep",
      "old-1/x",
      "old-2/y/z",
      "t/c.bak",
    );
    expect(await shell.run("RM '*.bak'; RM -n **/*.bak")).toMatchObject({
      status: 0,
      stderr: "Removed *.bak.\nWould remove a.bak.\nWould remove b.bak.\nWould remove t/c.bak.\n",
    });
    expect(
      (await shell.run("RM *.bak; RM -r old-?/** old-? old-2/y; STAT ke*; MV t/* k* .")).status,
    ).toBe(6);
    expect(filesUnder(shell.folder.join("server"))).toEqual(["c.bak", "keep"]);
    const none = await shell.run("RM *.none");
    expect(none).toMatchObject({ status: 5, stdout: "" });
    expect(none.stderr).toStartWith("RM *.none: Nothing matches *.none: ");
  });

  test("RMDIR removes empty folders, and no files", async () => {
    await using shell = await scene("a/", "b/", "file", "full/x");
    const ran = await shell.run("RMDIR a file full b");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("RMDIR file: file is a file, no folder: use RM (on the server)\n");
    expect(shell.tree()).toEqual(["file", "full/", "full/x"]);
  });
});

describe("MV", () => {
  test.each(["MV", "RENAME", "ren"])("%s renames, and moves into folders", async (verb) => {
    await using shell = await scene("a", "b", "c d", "dir/", "tree/x/y", "e");
    const ran = await shell.run(
      `${verb} a dir/a2; ${verb} b dir; ${verb} 'c d' dir/; ${verb} tree dir/moved; CD dir; ${verb} b ..; ${verb} /e .`,
    );
    expect(ran).toEqual({
      status: 0,
      stdout: "",
      stderr: [
        "Moved a to dir/a2.",
        "Moved b to dir/b.",
        "Moved c d to dir/c d.",
        "Moved tree to dir/moved.",
        "Moved dir/b to b.",
        "Moved e to dir/e.",
        "",
      ].join("\n"),
    });
    const moved = ["b", "dir/a2", "dir/c d", "dir/e", "dir/moved/x/y"];
    expect(filesUnder(shell.folder.join("server"))).toEqual(moved);
  });

  test("several go into a folder; one that fails does not stop the others", async () => {
    await using shell = await scene("a", "b", "c", "dir/b", "file");
    const ran = await shell.run("MV a b none c dir");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toBe(
      [
        "Moved a to dir/a.",
        "MV b: dir/b exists already (on the server)",
        "MV none: There is no file or folder none (on the server)",
        "Moved c to dir/c.",
        "MV: 2 of 4 failed",
        "",
      ].join("\n"),
    );
    const toFile = await shell.run("MV b dir/a file");
    expect(toFile).toMatchObject({
      status: 6,
      stderr: "MV b: file is no folder, and nothing else can take several files\n",
    });
    expect(read(shell.folder.join("server/dir/b"))?.toString()).toBe("dir/b");
    expect(filesUnder(shell.folder.join("server"))).toEqual([
      "b",
      "dir/a",
      "dir/b",
      "dir/c",
      "file",
    ]);
  });

  test.each([
    ["MV a b", "MV a: b exists already (on the server)\n", 6],
    ["MV a dir/", "MV a: dir/a exists already (on the server)\n", 6],
    ["MV none x", "MV none: There is no file or folder none (on the server)\n", 5],
    ["MV a no/where", "MV a: There is no folder no (on the server)\n", 5],
    ["MV a new/", "MV a: There is no folder new (on the server)\n", 5],
    ["MV dir dir", "MV dir: A folder cannot move into itself, to dir/dir (on the server)\n", 6],
    ["MV a ../x", "MV a: ../x leads above the server's root\n", 6],
    [
      "MV a 'x:y'",
      "MV a: The name x:y is not allowed: a part of it holds a backslash or a colon (on the server)\n",
      6,
    ],
  ])("%s is refused", async (command, stderr, status) => {
    await using shell = await scene("a", "b", "dir/a");
    expect(await shell.run(command)).toEqual({ status, stdout: "", stderr });
    expect(filesUnder(shell.folder.join("server"))).toEqual(["a", "b", "dir/a"]);
  });

  test("with --dry-run MKDIR and MV say what they would do", async () => {
    await using shell = await scene("a", "dir/");
    mkdirSync(shell.folder.join("client"));
    const ran = await shell.run("MKDIR new; MV a dir; -MKDIR dir; MV none x", "--dry-run");
    expect(ran).toEqual({
      status: 5,
      stdout: "",
      stderr: [
        "Would make new.",
        "Would move a to dir/a.",
        "MKDIR dir: dir exists already",
        "MV none: There is no file or folder none (on the server)",
        "",
      ].join("\n"),
    });
    expect(shell.tree()).toEqual(["a", "dir/"]);
  });
});

test("with --json each change is an event, and each failure one with what failed", async () => {
  await using shell = await scene("t/a", "b");
  const commands = "MKDIR x; MV b x/; -RM none 'no ne'; RM -r t; RM -n x/b";
  const ran = await shell.run(commands, "--json");
  expect(ran.status).toBe(0);
  const message = expect.any(String);
  const failed = { event: "failed", status: 5, message };
  const missing = { ...failed, command: "RM", side: "remote", code: 550, word: "not-found" };
  expect(eventsOf(ran)).toEqual([
    { event: "changed", verb: "MKDIR", path: "x" },
    { event: "changed", verb: "RENAME", path: "b", to: "x/b" },
    { ...missing, path: "none" },
    { ...missing, path: "no ne" },
    { ...failed, command: "-RM none 'no ne'" },
    { event: "changed", verb: "DELETE", path: "t/a" },
    { event: "changed", verb: "DELETE", path: "t" },
  ]);
});

test("a connection that is lost ends it all, and is told once", async () => {
  using folder = new TemporaryFolder();
  let deleted = 0;
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return GREETING;
    if (line.startsWith("STAT")) return "213 type=file size=1 mtime=1\n";
    if (line.startsWith("DELETE") && ++deleted === 2) socket.destroy();
    return "250\n";
  });
  const ran = await connect(folder.join("client"), server.port, "RM a b c d");
  expect(ran.status).toBe(3);
  expect(ran.stderr.match(/is lost/g)).toHaveLength(1);
  expect(ran.stderr).not.toContain("failed");
});

test("RM -r goes on over a new connection where its replies were lost", async () => {
  await using scene = await Scene.start([{ toClient: { beforeLine: /^250/, do: "cut" } }]);
  for (let i = 0; i < 50; i++) write(scene.folder.join(`server/t/deep/${i}`), "x");
  const ran = await scene.run("RM -r t");
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain("again.\n");
  expect(ran.stderr).toContain("Removed t: 50 files and 2 folders.\n");
  expect(existsSync(scene.folder.join("server/t"))).toBe(false);
});

test("Ctrl-C in the middle of RM -r ends it with 130 and leaves the connection in order", async () => {
  using folder = new TemporaryFolder();
  const entry = (path: string): string =>
    `${JSON.stringify({ path, type: "file", size: 0, mtime: 0, exec: false })}\n`;
  const listing = Array.from({ length: 1000 }, (_, i) => entry(`t/${i}`)).join("");
  const underWay = Promise.withResolvers<void>();
  let asked = 0;
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING.replace(/pipeline=\d+/, "pipeline=120");
    if (line.startsWith("LIST")) {
      return Buffer.concat([
        Buffer.from("150\n"),
        block(Buffer.from(listing)),
        Buffer.from("226\n"),
      ]);
    }
    if (line === "ABORT") return `${"426 aborted Cancelled\n".repeat(asked - 10)}225\n`;
    if (!line.startsWith("DELETE")) return "221\n";
    // Ten are done at once, and the others stay unanswered until they are cancelled.
    if (++asked === 100) underWay.resolve();
    return asked <= 10 ? "250\n" : "";
  });
  const args = [String(server.port), "--timeout", "3600", "--json", "-c", "RM -r t"];
  await using client = ClientProcess.start(folder.join("client"), args);
  await underWay.promise;
  expect(await client.stop("SIGINT")).toBe(130);
  // Ten were answered, and no more were asked in advance than the server had said it takes.
  expect(asked).toBeGreaterThan(100);
  expect(asked).toBeLessThan(130);
  expect(client.log.match(/"event":"changed"/g)).toHaveLength(10);
  expect(client.log).toContain("RM t: Interrupted");
});

test("a listing that names what is no text is not believed: nothing is removed", async () => {
  using folder = new TemporaryFolder();
  const asked: string[] = [];
  const listing =
    '{"path":"t/\\ud800","type":"file","size":0,"mtime":0,"exec":false}\n' +
    '{"path":"t/ok","type":"file","size":0,"mtime":0,"exec":false}\n';
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING;
    asked.push(line);
    if (!line.startsWith("LIST")) return line === "QUIT" ? "221\n" : "250\n";
    return Buffer.concat([Buffer.from("150\n"), block(Buffer.from(listing)), Buffer.from("226\n")]);
  });
  const ran = await connect(folder.join("client"), server.port, "RM -r t");
  expect(ran.status).toBe(3);
  expect(ran.stderr).toContain("the server broke the protocol: its listing");
  expect(asked).toEqual(["LIST t recursive=1"]);
});

test("nothing is made on this side by any of them", async () => {
  await using shell = await scene("a");
  await shell.run("MKDIR x; MV a x; RM -r x");
  expect(existsSync(shell.folder.join("client"))).toBe(true);
  expect(readdirSync(shell.folder.join("client"))).toEqual([]);
});
