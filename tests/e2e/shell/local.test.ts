import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { until, write } from "../../support/files.ts";
import {
  BINARY,
  cleanEnvironment,
  ClientProcess,
  run,
  ServerProcess,
  TemporaryFolder,
  type Ran,
} from "../../support/programs.ts";
import { eventsOf } from "../../support/shell.ts";
import { TerminalProgram } from "../../support/terminal.ts";

/** Runs commands in a shell that is not connected, whose home is a folder of its own. */
function shell(folder: TemporaryFolder, commands: string, ...flags: string[]): Promise<Ran> {
  mkdirSync(folder.join("home/inside"), { recursive: true });
  mkdirSync(folder.join("client/sub/deep"), { recursive: true });
  write(folder.join("client/file"), "");
  const args = ["connect", "--root", folder.join("client"), "-c", commands, ...flags];
  return run(args, { env: { HOME: realpathSync(folder.join("home")) } });
}

describe("LCD and LPWD", () => {
  test("LCD - goes back, and says where there is nothing to go back to", async () => {
    using folder = new TemporaryFolder();
    const top = realpathSync(folder.path);
    const ran = await shell(folder, "-LCD -; LCD sub; LCD -; LPWD; LCD -; LPWD; HELP LCD");
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("There is no folder to go back to: LCD was not used yet");
    expect(ran.stdout).toStartWith(`${top}/client\n${top}/client/sub\n`);
    expect(ran.stdout).toContain("LCD - goes back to the folder before.");
  });

  test("go into folders, up, anywhere, and home", async () => {
    using folder = new TemporaryFolder();
    const top = realpathSync(folder.path);
    const commands = [
      "LPWD; lcd sub; LPWD; LCD deep; LPWD; LCD ../..; LPWD; LCD ..; LPWD",
      "LCD; LPWD; LCD ~/inside; LPWD; LCD /; LPWD; LCD ~; LPWD",
      `LCD ${top}/client/sub; LPWD; LLS`,
    ];
    const ran = await shell(folder, commands.join("; "));
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout.split("\n")).toEqual([
      `${top}/client`,
      `${top}/client/sub`,
      `${top}/client/sub/deep`,
      `${top}/client`,
      top,
      `${top}/home`,
      `${top}/home/inside`,
      "/",
      `${top}/home`,
      `${top}/client/sub`,
      "deep/",
      "",
    ]);
  });

  test("names of this side begin there", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/x"), "x");
    write(folder.join("client/sub/mine"), "mine");
    await using server = await ServerProcess.start(folder.join("server"));
    const commands = `OPEN ${server.port}; LCD sub; PUT mine /from-sub; GET x ./got; LLS; LS`;
    const ran = await shell(folder, commands);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toBe("deep/\ngot\nmine\nfrom-sub\nx\n");
  });

  test("a link to a folder is followed, and shown as what it leads to", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("client"), { recursive: true });
    symlinkSync("../home", folder.join("client/link"));
    const ran = await shell(folder, "LCD link; LPWD");
    expect(ran).toMatchObject({ status: 0, stdout: `${realpathSync(folder.path)}/home\n` });
  });

  test.each([
    ["LCD none", 5, "LCD none: There is no file or folder none (on this side)\n"],
    ["LCD no/where", 5, "LCD no/where: There is no file or folder no/where (on this side)\n"],
    ["LCD file", 6, "LCD file: file is a file, no folder (on this side)\n"],
    ["LCD file/x", 6, "LCD file/x: A part of file/x is not a folder, or a link (on this side)\n"],
  ])("%s fails and changes nothing", async (command, status, stderr) => {
    using folder = new TemporaryFolder();
    expect(await shell(folder, command)).toEqual({ status, stdout: "", stderr });
    const stdout = `${realpathSync(folder.path)}/client\n`;
    expect(await shell(folder, `-${command}; LPWD`)).toEqual({ status: 0, stdout, stderr });
  });

  test.each(["LCD", "LLS"])("%s of a name with a NUL in it is refused", async (command) => {
    using folder = new TemporaryFolder();
    const input = `${command} "a\0b"\n`;
    const ran = await run(["connect", "--root", folder.join("client")], { input });
    const stderr = `${command} a\\x00b: The file system cannot hold the name a\\x00b (on this side)\n`;
    expect(ran).toEqual({ status: 6, stdout: "", stderr });
  });

  test("with --json they are events", async () => {
    using folder = new TemporaryFolder();
    const path = `${realpathSync(folder.path)}/client/sub`;
    const event = { event: "folder", side: "local", path };
    expect(eventsOf(await shell(folder, "LCD sub; LPWD", "--json"))).toEqual([event, event]);
  });
});

describe("!command", () => {
  test("goes to sh as typed: quotes, ; and # too, in the folder of this side", async () => {
    using folder = new TemporaryFolder();
    const script = [
      `!echo "a  b" 'c;d' e\\;f; echo '#' $((1 + 2)) # not this`,
      "LCD sub; !pwd",
      "! echo spaced ",
      "  @! echo silent",
      "HELP QUIT",
    ].join("\n");
    const ran = await shell(folder, script);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toStartWith(
      `a  b c;d e;f\n# 3\n${realpathSync(folder.path)}/client/sub\nspaced\nsilent\nQUIT: `,
    );
  });

  test("stands among what else is printed where it was typed", async () => {
    using folder = new TemporaryFolder();
    const ran = await shell(folder, "LPWD\n!echo between\nLPWD\n!echo error >&2\n-LCD none");
    const here = `${realpathSync(folder.path)}/client\n`;
    expect(ran.stdout).toBe(`${here}between\n${here}`);
    expect(ran.stderr).toStartWith("error\nLCD none: ");
  });

  test.each(["LLS many\n!echo end", "LLS many\n-LCD none"])(
    "%j: what is printed reaches a reader that takes its time, whole and in order",
    async (commands) => {
      using folder = new TemporaryFolder();
      for (let i = 0; i < 1500; i++) write(folder.join(`client/many/${i}${"x".repeat(200)}`), "");
      const script =
        '"$0" connect --root "$1" -c "$2" 2>"$3" | (read first; : >"$4"; read go <"$5"; cat)';
      const places = ["said", "begun", "go"].map((name) => folder.join(name));
      await Bun.$`mkfifo ${folder.join("go")}`;
      const words = [BINARY, folder.join("client"), commands, ...places];
      const child = Bun.spawn(["/bin/sh", "-c", script, ...words], {
        stdout: "pipe",
        env: cleanEnvironment(),
      });
      // Once the first line was read the pipe is full, and nothing is taken from it for now.
      await until(() => existsSync(folder.join("begun")));
      // By a shell: Bun's own would not wait for the pipe's reader, and fail without one.
      await Bun.spawn(["/bin/sh", "-c", 'echo >"$0"', folder.join("go")]).exited;
      const read = await new Response(child.stdout).text();
      expect(read.split("\n").filter((line) => line.endsWith("x"))).toHaveLength(1499);
      expect(read).toMatch(commands.includes("echo") ? /x\nend\n$/ : /x\n$/);
    },
  );

  test.each([
    ["!exit 3", "!exit 3: ended with status 3\n"],
    ["!kill -TERM $$", "!kill -TERM $$: ended by SIGTERM\n"],
    ["!false", "!false: ended with status 1\n"],
  ])("%s fails with 1, and can be forgiven", async (command, stderr) => {
    using folder = new TemporaryFolder();
    expect(await shell(folder, `${command}\nLPWD`)).toEqual({ status: 1, stdout: "", stderr });
    const forgiven = await shell(folder, `-${command}\nHELP`);
    expect(forgiven).toMatchObject({ status: 0, stderr });
    expect(forgiven.stdout).not.toBe("");
  });

  test("in a script it does not read the commands behind it", async () => {
    using folder = new TemporaryFolder();
    const args = ["connect", "--root", folder.join("client")];
    const ran = await run(args, { input: "!cat\r\nLPWD\r\n" });
    const stdout = `${realpathSync(folder.path)}/client\n`;
    expect(ran).toEqual({ status: 0, stdout, stderr: "" });
  });

  test("alone it needs a terminal", async () => {
    using folder = new TemporaryFolder();
    const stderr = "! alone needs a terminal: type !command\n";
    for (const typed of ["!", " ! ", "!\r\n"]) {
      expect(await shell(folder, typed)).toEqual({ status: 2, stdout: "", stderr });
    }
  });

  test("with --json what it prints goes to standard error", async () => {
    using folder = new TemporaryFolder();
    const ran = await shell(folder, "!echo text", "--json");
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "text\n" });
  });

  test("with --dry-run it is not run", async () => {
    using folder = new TemporaryFolder();
    const ran = await shell(folder, "!echo text > made", "-n");
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "Would run echo text > made.\n" });
  });

  test("is not told the secret that this program logs in with", async () => {
    using folder = new TemporaryFolder();
    const script = '!echo "<${SFTP_TOKEN-none}> <$KEPT>"';
    const args = ["connect", "--root", folder.join("client"), "-c", script];
    const ran = await run(args, { env: { SFTP_TOKEN: "a-secret", KEPT: "kept" } });
    expect(ran).toEqual({ status: 0, stdout: "<none> <kept>\n", stderr: "" });
  });

  test("where the folder is gone it says so", async () => {
    using folder = new TemporaryFolder();
    const ran = await shell(folder, `LCD sub/deep\n!rmdir ../deep\n!echo here`);
    const deep = `${realpathSync(folder.path)}/client/sub/deep`;
    expect(ran).toEqual({
      status: 1,
      stdout: "",
      stderr: `!echo here: sh cannot be started in ${deep}: ENOENT\n`,
    });
  });

  test("Ctrl-C in a script ends it, and the run with 130", async () => {
    using folder = new TemporaryFolder();
    const args = ["-c", "!echo begun; exec sleep 1000\nHELP"];
    await using client = ClientProcess.start(folder.join("client"), args);
    await client.waitFor(/begun/);
    expect(await client.stop("SIGINT")).toBe(130);
    expect(client.log).toContain("Interrupted");
    expect(client.log).not.toContain("HELP");
  });
});

describe("!command at a terminal", () => {
  const PROMPT = /sftp> /;

  test("has the terminal: it reads what is typed, and Ctrl-C is its own", async () => {
    using folder = new TemporaryFolder();
    await using shell = new TerminalProgram(["connect"], folder.path);
    await shell.waitFor(PROMPT);
    let from = shell.press('!echo ready; read a; read b; echo "<$a|$b>"\r');
    await shell.waitFor(/ready\r?\n/, from);
    shell.press("one\r");
    shell.press("two\r");
    await shell.waitFor(/<one\|two>/, from);
    from = shell.press("!echo is $$; exec sleep 1000\r");
    const [, pid] = await shell.waitFor(/is (\d+)\r?\n/, from);
    // A terminal's Ctrl-C goes to both; this one is not in control of them and cannot send it.
    for (const each of [shell.process.pid, Number(pid)]) process.kill(each, "SIGINT");
    await shell.waitFor(/ended by SIGINT/, from);
    await shell.type("lpwd", /\/client\r?\n/);
    // The line is edited again: backspace is no character of it.
    await shell.type("LPWDX\u007f", /\/client\r?\n/);
    shell.press("quit\r");
    expect(await shell.process.exited).toBe(0);
  });

  test("alone it starts $SHELL", async () => {
    using folder = new TemporaryFolder();
    write(
      folder.join("my-shell"),
      '#!/bin/sh\necho "my shell in $PWD"; read word; echo "<$word>"\n',
    );
    await Bun.$`chmod +x ${folder.join("my-shell")}`;
    const env = { SHELL: folder.join("my-shell") };
    await using shell = new TerminalProgram(["connect"], folder.path, { env });
    await shell.waitFor(PROMPT);
    const from = shell.press("!\r");
    await shell.waitFor(/my shell in \S+\/client/, from);
    shell.press("word\r");
    await shell.waitFor(/<word>/, from);
    await shell.waitFor(PROMPT, from + 10);
  });
});
