import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { write } from "../../support/files.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { ClientProcess, connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { eventsOf, ShellScene } from "../../support/shell.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { block } from "../../support/wire.ts";

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";
/** In the zone of the tests, which is UTC there as everywhere. */
const TIME = new Date("2026-11-22T17:03:05.120Z");

/** Puts the same tree under any folder. */
function plant(top: (...parts: string[]) => string): void {
  write(top("report.pdf"), "x".repeat(48_211));
  write(top("run.sh"), "#!/bin/sh");
  chmodSync(top("run.sh"), 0o755);
  write(top("logs/a.gz"), "a");
  write(top("logs/deep/b.gz"), "b");
  write(top("logs-old.txt"), "");
  write(top("日本語 🎉.txt"), "wide");
  mkdirSync(top("empty"));
  symlinkSync("report.pdf", top("link"));
  for (const name of ["report.pdf", "run.sh", "logs", "logs-old.txt", "日本語 🎉.txt", "empty"]) {
    utimesSync(top(name), TIME, TIME);
  }
  for (const name of ["logs/a.gz", "logs/deep", "logs/deep/b.gz"])
    utimesSync(top(name), TIME, TIME);
}

function scene(): Promise<ShellScene> {
  return ShellScene.start((folder) => {
    plant((...parts) => folder.join("server", ...parts));
    plant((...parts) => folder.join("client", ...parts));
  });
}

const SHORT = [
  "empty/",
  "link (a link, and links are not followed)",
  "logs/",
  "logs-old.txt",
  "report.pdf",
  "run.sh",
  "日本語 🎉.txt",
  "",
].join("\n");

const LONG = [
  "       -  2026-11-22 17:03  empty/",
  "       -  -                 link (a link, and links are not followed)",
  "       -  2026-11-22 17:03  logs/",
  "     0 B  2026-11-22 17:03  logs-old.txt",
  "47.1 KiB  2026-11-22 17:03  report.pdf",
  "     9 B  2026-11-22 17:03  run.sh*",
  "     4 B  2026-11-22 17:03  日本語 🎉.txt",
  "",
].join("\n");

const TREE = "a.gz\ndeep/\ndeep/b.gz\n";

describe.each(["LS", "LLS"])("%s", (verb) => {
  test("lists a folder: one name a line where no terminal reads it, sorted", async () => {
    await using shell = await scene();
    expect(await shell.run(verb)).toEqual({ status: 0, stdout: SHORT, stderr: "" });
  });

  test("-l has aligned sizes, local times, and marks what can be executed", async () => {
    await using shell = await scene();
    expect(await shell.run(`${verb} -l`)).toEqual({ status: 0, stdout: LONG, stderr: "" });
    expect((await shell.run(`${verb} --long`)).stdout).toBe(LONG);
  });

  test("-r lists what folders hold, each right behind its folder", async () => {
    await using shell = await scene();
    expect((await shell.run(`${verb} -r logs`)).stdout).toBe(TREE);
    expect((await shell.run(`${verb} --recursive logs`)).stdout).toBe(TREE);
    const all = SHORT.replace("logs/\n", "logs/\nlogs/a.gz\nlogs/deep/\nlogs/deep/b.gz\n");
    expect((await shell.run(`${verb} -r`)).stdout).toBe(all);
    expect((await shell.run(`${verb} -lr logs`)).stdout).toContain("1 B  2026-11-22 17:03  deep/b");
  });

  test("of several words lists files first, then folders by name; what fails is named", async () => {
    await using shell = await scene();
    const ran = await shell.run(`${verb} logs run.sh none empty logs/a.gz logs/deep; HELP`);
    const side = verb === "LS" ? "server" : "this side";
    const where = verb === "LS" ? `the ${side}` : side;
    expect(ran).toEqual({
      status: 5,
      stdout: "logs/a.gz\nrun.sh\n\nlogs:\na.gz\ndeep/\n\nlogs/deep:\nb.gz\n",
      stderr:
        `${verb} none: There is no file or folder none (on ${where})\n` +
        `empty is empty.\n${verb}: 1 of 6 failed\n`,
    });
  });

  test("of an empty folder says so, to standard error", async () => {
    await using shell = await scene();
    const ran = await shell.run(`${verb} empty`);
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "empty is empty.\n" });
  });

  test("of a name that is not there speaks of no kind", async () => {
    await using shell = await scene();
    const { status, stdout, stderr } = await shell.run(`${verb} none`);
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
    expect(stderr).toStartWith(`${verb} none: There is no file or folder none (on `);
  });

  test("of a link is refused", async () => {
    await using shell = await scene();
    const { status, stderr } = await shell.run(`${verb} link`);
    expect(status).toBe(6);
    expect(stderr).toContain("link is a link, and links are not followed");
  });
});

test("LS takes patterns in its last parts, and a quoted word is none", async () => {
  await using shell = await ShellScene.start((folder) => {
    for (const name of ["a.csv", "b.csv", "c.txt", ".hidden.csv", "[x].csv", "logs/1.gz"]) {
      write(folder.join("server", name), name);
    }
    write(folder.join("server/logs/deep/2.gz"), "");
  });
  const lists = async (words: string): Promise<string[]> =>
    (await shell.run(`LS ${words}`)).stdout.split("\n").slice(0, -1);
  expect(await lists("*.csv")).toEqual(["[x].csv", "a.csv", "b.csv"]);
  expect(await lists("[ab].csv c*")).toEqual(["a.csv", "b.csv", "c.txt"]);
  expect(await lists("[!ab].csv")).toEqual([]);
  expect(await lists("'[x].csv'")).toEqual(["[x].csv"]);
  expect(await lists("logs/*.gz")).toEqual(["logs/1.gz"]);
  expect(await lists("/logs/*")).toEqual(["/logs/1.gz", "/logs/deep/"]);
  expect(await lists("**/*.gz")).toEqual(["logs/1.gz", "logs/deep/2.gz"]);
  expect((await shell.run("CD logs/deep; LS ../?.gz; LS -l *")).stdout).toMatch(
    /^\.\.\/1\.gz\n0 B {2}\S+ \S+ {2}2\.gz\n$/,
  );
  const none = await shell.run("LS '*.csv' x* a.csv");
  expect(none).toEqual({
    status: 5,
    stdout: "a.csv\n",
    stderr: [
      "LS *.csv: There is no file or folder *.csv (on the server)",
      "LS x*: Nothing matches x*: LS tells what there is, and quotes make a name of it",
      "LS: 2 of 3 failed",
      "",
    ].join("\n"),
  });
  expect(eventsOf(await shell.run("LS logs/*.gz", "--json"))).toEqual([
    { event: "listed", path: "logs", entries: [expect.objectContaining({ path: "logs/1.gz" })] },
  ]);
});

test("LS of an empty root says so, and says nothing with -q", async () => {
  await using shell = await ShellScene.start(() => undefined);
  expect(await shell.run("LS")).toEqual({ status: 0, stdout: "", stderr: "/ is empty.\n" });
  expect(await shell.run("LS", "-q")).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("LLS takes patterns", async () => {
  await using shell = await scene();
  expect(await shell.run("LLS logs* *.sh; LLS logs/**; LLS '*'")).toEqual({
    status: 5,
    stdout: "logs/\nlogs-old.txt\nrun.sh\nlogs/a.gz\nlogs/deep/\nlogs/deep/b.gz\n",
    stderr: "LLS *: There is no file or folder * (on this side)\n",
  });
  const top = shell.folder.path;
  expect((await shell.run(`LLS ../server/*.sh ${top}/cl*`)).stdout).toBe(
    `${top}/client/\n../server/run.sh\n`,
  );
  expect(await shell.run("LLS *.none")).toMatchObject({ status: 5, stdout: "" });
});

test("LLS reaches folders anywhere", async () => {
  await using shell = await scene();
  write(shell.folder.join("elsewhere/x"), "");
  expect((await shell.run(`LLS ../elsewhere ${shell.folder.join("elsewhere/x")}`)).stdout).toBe(
    `${shell.folder.join("elsewhere/x")}\n\n../elsewhere:\nx\n`,
  );
});

test("with --json LS, LLS and STAT are listed events with complete entries", async () => {
  await using shell = await ShellScene.start((folder) => {
    write(folder.join("server/b"), "12");
    write(folder.join("server/a/x"), "1");
    write(folder.join("client/mine/y"), "123");
  });
  const ran = await shell.run("LS -r; LLS mine; STAT b; STAT --digest b; -STAT none", "--json");
  const mtime = expect.any(Number);
  const folder = { type: "folder", size: 0, mtime, exec: false };
  const b = { path: "b", type: "file", size: 2, mtime, exec: false };
  const y = { path: "y", type: "file", size: 3, mtime, exec: false };
  expect(eventsOf(ran)).toEqual([
    {
      event: "listed",
      path: "",
      entries: [
        { path: "a", ...folder },
        { path: "a/x", type: "file", size: 1, mtime, exec: false },
        b,
      ],
    },
    { event: "listed", side: "local", path: shell.folder.join("client/mine"), entries: [y] },
    { event: "listed", path: "b", entries: [b] },
    {
      event: "listed",
      path: "b",
      entries: [{ ...b, digest: expect.stringMatching(/^[0-9a-f]{16}$/) }],
    },
    expect.objectContaining({ event: "failed", status: 5, code: 550, word: "not-found" }),
  ]);
});

describe("STAT", () => {
  test("tells type, size, time and digest in lines below each other", async () => {
    await using shell = await scene();
    const ran = await shell.run("STAT report.pdf run.sh logs /; STAT -d logs/a.gz");
    expect(ran.status).toBe(0);
    expect(ran.stdout.replace(/\/\n.*\n.*\n(?=logs)/, "")).toMatch(
      new RegExp(
        [
          "^report.pdf\n  type      file\n  size      47\\.1 KiB \\(48211 bytes\\)",
          "  modified  2026-11-22T17:03:05\\.120\\+00:00",
          "run.sh\n  type      file, executable\n  size      9 bytes\n  modified  \\S+",
          "logs\n  type      folder\n  modified  \\S+",
          "logs/a.gz\n  type      file\n  size      1 byte\n  modified  \\S+",
          "  digest    [0-9a-f]{16}\n$",
        ].join("\n"),
      ),
    );
  });

  test("names each that fails, and tells of the others", async () => {
    await using shell = await scene();
    const ran = await shell.run("STAT none report.pdf ../up link");
    expect(ran.status).toBe(6);
    expect(ran.stdout).toStartWith("report.pdf\n");
    expect(ran.stderr.split("\n")).toEqual([
      "STAT ../up: ../up leads above the server's root",
      "STAT none: There is no file or folder none (on the server)",
      "STAT link: link is a link, and links are not followed (on the server)",
      "STAT: 3 of 4 failed",
      "",
    ]);
  });

  test("--digest of a folder is refused", async () => {
    await using shell = await scene();
    expect((await shell.run("STAT -d logs")).status).toBe(6);
  });
});

test("what a server says of its files reaches no terminal unseen", async () => {
  using folder = new TemporaryFolder();
  const entries = [
    { path: "a\u001b[31m\nb", type: "file", size: 1, mtime: 9e15, exec: true },
    { path: "c", type: "refused", reason: "\u001b]0;x\u0007\n" },
  ];
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING;
    if (line.startsWith("LIST"))
      return Buffer.concat([Buffer.from("150\n"), block(Buffer.from(lines)), Buffer.from("226\n")]);
    if (line.startsWith("STAT"))
      return "213 type=file size=1 mtime=9007199254740991 digest=%1B%5B31m%0A\n";
    return "221\n";
  });
  const ran = await connect(folder.join("client"), server.port, "LS -l; STAT -d x");
  expect(ran.stdout.split("\n")).toEqual([
    String.raw`1 B  ?  a\x1b[31m\x0ab*`,
    String.raw`  -  -  c (\x1b]0;x\x07\x0a)`,
    "x",
    "  type      file",
    "  size      1 byte",
    "  modified  ?",
    String.raw`  digest    \x1b[31m\x0a`,
    "",
  ]);
});

test.each(["213 size=1 mtime=0", "213 type=link size=1 mtime=0", "213 type=file mtime=0"])(
  "a server that answers STAT with %s is told from a good one",
  async (reply) => {
    using folder = new TemporaryFolder();
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return GREETING;
      return line.startsWith("STAT") ? `${reply}\n` : "221\n";
    });
    const ran = await connect(folder.join("client"), server.port, "STAT x");
    expect(ran).toMatchObject({ status: 3, stdout: "" });
  },
);

test.each(["LS", "STAT x", "CD x", "MKDIR x", "RM x", "RM -r x", "MV x y"])(
  "Ctrl-C ends %s and the run with 130, and asks the server to stop",
  async (command) => {
    using folder = new TemporaryFolder();
    const asked = Promise.withResolvers<void>();
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return GREETING;
      if (line === "ABORT") return "426 aborted Cancelled\n225\n";
      if (line !== "QUIT") asked.resolve();
      return line === "QUIT" ? "221\n" : "";
    });
    const args = [String(server.port), "--timeout", "3600", "-c", `${command}; HELP`];
    await using client = ClientProcess.start(folder.join("client"), args);
    await asked.promise;
    expect(await client.stop("SIGINT")).toBe(130);
    expect(client.log).toMatch(/: Interrupted\n/);
    expect(client.stdout).toBe("");
  },
);

test("at a terminal names stand in columns, wide ones too", async () => {
  using folder = new TemporaryFolder();
  for (let i = 10; i < 40; i++) write(folder.join(`server/file-${i}.txt`), "");
  write(folder.join("server/日本語.txt"), "");
  symlinkSync("x", folder.join("server/a-link"));
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(/:\d+> /);
  await shell.type("ls", /a-link.*\(a link, and links are not followed\)/);
  const rows = shell.screen.split(/\r?\n/).filter((line) => line.startsWith("file-"));
  expect(rows).toEqual([
    "file-10.txt  file-14.txt  file-18.txt  file-22.txt  file-26.txt  file-30.txt  file-34.txt  file-38.txt",
    "file-11.txt  file-15.txt  file-19.txt  file-23.txt  file-27.txt  file-31.txt  file-35.txt  file-39.txt",
    "file-12.txt  file-16.txt  file-20.txt  file-24.txt  file-28.txt  file-32.txt  file-36.txt  日本語.txt",
    "file-13.txt  file-17.txt  file-21.txt  file-25.txt  file-29.txt  file-33.txt  file-37.txt",
  ]);
});

test.each(["LS", "LLS"])("%s takes -a and -h, which ask for what is done anyway", async (verb) => {
  await using shell = await scene();
  const long = await shell.run(`${verb} -l`);
  for (const typed of ["-la", "-lh", "-lah", "-l -a", "-a -h -l", "-l -a ."]) {
    expect(await shell.run(`${verb} ${typed}`), typed).toEqual(long);
  }
  expect(await shell.run(`${verb} -a`)).toEqual(await shell.run(verb));
});
