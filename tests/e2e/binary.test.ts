import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { filesUnder, read, write } from "../support/files.ts";

describe("the binary alone", () => {
  test("prints its help on standard output", async () => {
    const alone = await run([]);
    expect(alone.status).toBe(0);
    expect(alone.stderr).toBe("");
    expect(alone.stdout).toContain("sftp serve --port 12000");
    expect(alone.stdout).toContain("sftp connect 12000");
    for (const flag of ["--help", "-h", "help"]) expect(await run([flag])).toEqual(alone);
  });

  test("--version is one line with version, commit and runtime", async () => {
    for (const flag of ["--version", "-V"]) {
      const { status, stdout, stderr } = await run([flag]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(/^sftp \d+\.\d+\.\d+ \([^()]+, Bun \d+\.\d+\.\d+\)\n$/);
    }
  });

  test.each(["serve", "connect"])("help of %s, asked for in three ways", async (command) => {
    const help = await run(["help", command]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout).toContain(`Usage: sftp ${command} [FLAGS]`);
    expect(help.stdout).toContain("--root DIR");
    expect(await run([command, "--help"])).toEqual(help);
    expect(await run([command, "--json", "-h"])).toEqual(help);
  });

  test.each(["serve", "connect", "user"])("help of %s has nothing undefined", async (command) => {
    const { stdout } = await run(["help", command]);
    expect(stdout).not.toMatch(/undefined|null|NaN/);
    // The example that it gives is one of the flags, with the value that this has.
    const [, flag = "", value] = /it is ([\w-]+) = (\S+) under/.exec(stdout) ?? [];
    if (command === "user") expect(stdout).not.toContain("config.toml");
    else expect(stdout).toMatch(new RegExp(`--${flag} .*\\(${value}\\)\n`));
  });

  test("the help tells every default", async () => {
    const { stdout } = await run(["help", "serve"]);
    for (const value of ["(12000)", "(127.0.0.1)", "(./server)", "(10)"])
      expect(stdout).toContain(value);
    expect((await run(["help", "connect"])).stdout).toContain("(./client)");
  });
});

describe("wrong usage is status 2, told on standard error alone", () => {
  test.each([
    [["--verson"], "There is no flag --verson: did you mean --version?"],
    [["serv"], "There is no command serv: did you mean serve?"],
    [["conect", "12000"], "There is no command conect: did you mean connect?"],
    [["frobnicate"], "There is no command frobnicate: sftp --help lists what there is"],
    [["help", "conect"], "There is no command conect: did you mean connect?"],
    [["serve", "--prot", "1"], "There is no flag --prot (did you mean --port?)"],
    [["serve", "--port"], "--port needs a value: see sftp serve --help"],
    [["serve", "--json=1"], "--json takes no value: see sftp serve --help"],
    [["serve", "here"], "There is a word too many: here: see sftp serve --help"],
    [["serve", "12000"], "There is a word too many: 12000 (did you mean --port 12000?): see sftp"],
    [["serve", "-p", "12000"], "There is no flag -p (did you mean --port 12000?): see sftp serve"],
    [["serve", "-p"], "There is no flag -p (did you mean --port?): see sftp serve --help"],
    [["serve", "--root", ""], "--root is empty: give it a value, or leave it out"],
    [["serve", "--grace", "soon"], "--grace soon is no time: give seconds, such as 10 or 0.5"],
    [["connect", "--comand", "x"], "There is no flag --comand (did you mean --command?)"],
    [["connect", "--xyzzy"], "There is no flag --xyzzy: see sftp connect --help"],
    [["connect", "-x"], "There is no flag -x: see sftp connect --help"],
    [["connect", "a", "1", "b"], "There is a word too many: b: see sftp connect --help"],
    [["connect", "-c", "HELP", "-b", "-"], "-c and -b exclude each other: use one of them"],
    [["connect", "--timeout", "0"], "--timeout 0 would wait for nothing at all: give seconds"],
    [["serve", "--idle-timeout", "0.000"], "--idle-timeout 0.000 would wait for nothing at all"],
    [["serve", "--line-timeout", "0"], "--line-timeout 0 would wait for nothing at all"],
    [["serve", "--tls", "--login-timeout", "0"], "--login-timeout 0 would wait for nothing at all"],
    [["connect", "--timeout", "-1"], "--timeout -1 is no time: give seconds, such as 10 or 0.5"],
  ])("sftp %j", async (args, message) => {
    using folder = new TemporaryFolder();
    const { status, stdout, stderr } = await run(args, { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toStartWith(`sftp: ${message}`);
    expect(stderr.split("\n")).toHaveLength(2);
    expect(filesUnder(folder.path)).toEqual([]);
  });
});

test("what lies in the folder it is started in changes nothing", async () => {
  using folder = new TemporaryFolder();
  const planted = "await Bun.write('planted.txt', 'ran'); process.exit(99);";
  write(folder.join("planted.ts"), planted);
  write(folder.join("bunfig.toml"), 'preload = ["./planted.ts"]\n[run]\nbun = true\n');
  write(folder.join("tsconfig.json"), '{"compilerOptions": {"paths": {"*": ["./planted.ts"]}}, ');
  write(folder.join("package.json"), '{"name": "planted", "version": "9.9.9", "type": ');
  write(folder.join("node_modules/citty/index.js"), planted);
  for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
    write(
      folder.join(name),
      "SFTP_PORT=abc\nSFTP_SERVE_ROOT=planted\nSFTP_CONNECT_ROOT=planted\nSFTP_TIMEOUT=abc\n",
    );
  }
  write(folder.join("served/hello.txt"), "hello");
  const cwd = folder.path;

  expect((await run(["--version"], { cwd })).stdout).not.toContain("9.9.9");
  await using server = await ServerProcess.start("served", [], { cwd });
  const got = await run(["connect", String(server.port), "-c", "GET hello.txt"], { cwd });
  expect(got).toMatchObject({ status: 0, stdout: "" });
  expect(read(folder.join("client/hello.txt"))?.toString()).toBe("hello");
  expect(existsSync(folder.join("planted.txt"))).toBe(false);
  expect(existsSync(folder.join("planted"))).toBe(false);
});

test("the environment sets what the flags leave out", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("here/a.txt"), "a");
  await using server = await ServerProcess.start(folder.join("here"));
  const env = { SFTP_CONNECT_ROOT: folder.join("mine") };
  const args = ["connect", String(server.port), "-c", "GET a.txt"];
  expect((await run(args, { env, cwd: folder.path })).status).toBe(0);
  expect(read(folder.join("mine/a.txt"))?.toString()).toBe("a");
  expect((await run([...args, "--root", "flag"], { env, cwd: folder.path })).status).toBe(0);
  expect(read(folder.join("flag/a.txt"))?.toString()).toBe("a");

  const bad = await run(["serve"], { env: { SFTP_PORT: "abc" }, cwd: folder.path });
  expect(bad.status).toBe(2);
  expect(bad.stderr).toBe("sftp: SFTP_PORT: abc is no port: give a number from 0 to 65535\n");
});

test("a folder of the client that is none is refused", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("file"), "");
  const { status, stderr } = await connect(folder.join("file"), 1, "HELP");
  expect(status).toBe(6);
  const path = folder.join("file");
  expect(stderr).toBe(
    `sftp: Cannot keep files in ${path}: ${path} is not a folder: choose another folder with --root\n`,
  );
});
