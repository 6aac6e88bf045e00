import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, write } from "../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { deadPort } from "../support/ports.ts";

/** A folder for a configuration, and the environment that leads to it. */
class Home extends TemporaryFolder {
  readonly file = this.join("config/sftp/config.toml");
  readonly env = { XDG_CONFIG_HOME: this.join("config") };

  configure(text: string): this {
    write(this.file, text);
    return this;
  }
}

describe("where the file is", () => {
  test("none is needed, and XDG_CONFIG_HOME, or else ~/.config, leads to it", async () => {
    using home = new Home();
    const script = ["connect", "--root", home.join("client"), "-c", "OPEN lab"];
    const without = await run(script, { env: home.env });
    expect(without.stderr).toContain("lab needs a port");
    const port = await deadPort();
    home.configure(`[servers.lab]\naddress = "${port}"`);
    write(home.join(".config/sftp/config.toml"), `[servers.lab]\naddress = "localhost:${port}"`);
    const asked = { status: 3, stderr: expect.stringContaining(`at 127.0.0.1:${port}`) };
    expect(await run(script, { env: home.env })).toMatchObject(asked);
    const askedAtHome = { status: 3, stderr: expect.stringContaining(`at localhost:${port}`) };
    for (const XDG_CONFIG_HOME of ["", "not/absolute"]) {
      const env = { XDG_CONFIG_HOME, HOME: home.path };
      expect(await run(script, { env })).toMatchObject(askedAtHome);
    }
  });

  test("--config names another, which has to be there and readable as text", async () => {
    using home = new Home().configure("nonsense");
    write(home.join("other.toml"), "[connect]\nquiet = true");
    const script = ["connect", "--root", home.join("client"), "-c", "", "--config"];
    const { env } = home;
    expect(await run([...script, home.join("other.toml")], { env })).toMatchObject({ status: 0 });
    mkdirSync(home.join("folder"));
    write(home.join("latin"), Buffer.from("# caf\xe9", "latin1"));
    const wrong = [
      ["none", "there is no such file"],
      ["folder", "it is a folder"],
      ["latin", "it is not UTF-8"],
      ["latin/x", "there is no such file"],
    ];
    for (const [name = "", why] of wrong) {
      expect(await run([...script, home.join(name)], { env })).toEqual({
        status: 2,
        stdout: "",
        stderr: `sftp: Cannot read the configuration ${home.join(name)}: ${why}\n`,
      });
    }
  });

  test("what asks for neither serve nor connect does not read it", async () => {
    using home = new Home().configure("nonsense");
    for (const args of [["--version"], ["--help"], [], ["help", "serve"], ["serve", "--help"]]) {
      expect(await run(args, { env: home.env })).toMatchObject({ status: 0, stderr: "" });
    }
    expect(await run(["connect", "-c", ""], { env: home.env })).toMatchObject({ status: 2 });
  });
});

describe("flags win over the environment, that over the file, that over the default", () => {
  test("for the folder and the events of serve", async () => {
    using home = new Home().configure(
      `[serve]\nroot = "~/by-file"\njson = true\nport = 0\ngrace = 0.5`,
    );
    const env = { ...home.env, HOME: home.path };
    const byFile = await ServerProcess.startWith([], { env });
    await using _ = byFile;
    expect(JSON.parse(byFile.stdout)).toMatchObject({ root: home.join("by-file") });
    const SFTP_SERVE_ROOT = home.join("by-environment");
    await using byEnvironment = await ServerProcess.startWith([], {
      env: { ...env, SFTP_SERVE_ROOT, SFTP_JSON: "1" },
    });
    expect(JSON.parse(byEnvironment.stdout)).toMatchObject({ root: SFTP_SERVE_ROOT });
    await using byFlag = await ServerProcess.start(home.join("by-flag"), ["--no-json"], {
      env: { ...env, SFTP_SERVE_ROOT, SFTP_JSON: "1" },
    });
    expect(byFlag.stdout).toBe("");
    expect(byFlag.log).toStartWith(`Serving ${home.join("by-flag")} on `);
  });

  test("and for the port, of which a bad one tells where it stands", async () => {
    using home = new Home().configure("[serve]\n\nport = 65536");
    const start = (flags: string[], env = {}) =>
      run(["serve", "--root", home.join("served"), ...flags], { env: { ...home.env, ...env } });
    const bad = (from: string, port: number) => ({
      status: 2,
      stdout: "",
      stderr: `sftp: ${from}: ${port} is no port: give a number from 0 to 65535\n`,
    });
    expect(await start([])).toEqual(bad(`${home.file} line 3: port`, 65536));
    expect(await start([], { SFTP_PORT: "65537" })).toEqual(bad("SFTP_PORT", 65537));
    expect(await start(["--port", "65538"], { SFTP_PORT: "65537" })).toEqual(bad("--port", 65538));
  });

  test("a flag alone is set by neither", async () => {
    using home = new Home().configure("[connect]\ndry-run = true");
    const ran = await run(["connect", "-c", ""], { env: home.env });
    expect(ran).toEqual({
      status: 2,
      stdout: "",
      stderr: `sftp: ${home.file} line 2: dry-run is not for this file: it is the flag --dry-run alone\n`,
    });
    const client = home.join("client");
    write(home.join("server/a"), "a");
    await using server = await ServerProcess.start(home.join("server"));
    const env = { SFTP_DRY_RUN: "1", SFTP_COMMAND: "GET b", SFTP_BATCH: "none" };
    const args = ["connect", String(server.port), "--root", client, "-c", "GET a"];
    expect((await run(args, { env })).status).toBe(0);
    expect(filesUnder(client)).toEqual(["a"]);
  });
});

describe("what is wrong in the file is told with its line, status 2", () => {
  test.each<[string, number, string]>([
    ["port = 1", 1, "port stands in no section: put it under [serve]"],
    ["durable = true", 1, "durable stands in no section: put it under [serve] or [connect]"],
    ["\n[serv]", 2, "There is no section [serv]: did you mean [serve]?"],
    [
      "[zzz]",
      1,
      "There is no section [zzz]: the sections are [serve], [connect], [user], [servers]",
    ],
    ["[__proto__]", 1, "There is no section [__proto__]: the sections are [serve], [connect], "],
    ["serve = 1", 1, "serve is a section: write [serve]"],
    ["[[serve]]", 1, "serve is a section: write [serve]"],
    ["[serve]\n# x\nprot = 1", 3, "There is no prot under [serve]: did you mean port?"],
    [
      "[connect]\nport = 1",
      2,
      "There is no port under [connect]: there are root, token-file, timeout, ",
    ],
    ["[connect]\naddress = '1'", 2, "There is no address under [connect]: there are root, "],
    ["[connect]\nconstructor = 1", 2, "There is no constructor under [connect]: there are "],
    ["[connect]\nconfig = 'x'", 2, "config is not for this file: it is the flag --config alone"],
    ["[serve]\nport = true", 2, "port wants a number, such as port = 12000"],
    ["[serve]\nport = [1]", 2, "port wants a number, such as port = 12000"],
    ["[serve]\nport = 1979-05-27", 2, "port wants a number, such as port = 12000"],
    ["[serve]\nport.x = 1", 2, "port wants a number, such as port = 12000"],
    ["[serve]\nport = {}", 2, "port wants a number, such as port = 12000"],
    [
      "[serve]\nmin-rate = false",
      2,
      'min-rate wants a number, or a text in quotes, such as min-rate = "1K"',
    ],
    ["[serve]\nroot = 1", 2, 'root wants a text in quotes, such as root = "./server"'],
    ['[serve]\nroot = ""', 2, "root is empty: give it a value, or leave it out"],
    ["[serve]\njson = 1", 2, "json wants true or false"],
    ["[connect]\ntimeout = -1", 2, "timeout -1 is no time: give seconds"],
    ["[connect]\ntimeout = inf", 2, "timeout Infinity is no time: give seconds"],
    ["[connect]\n\nkeep-partial = 'week'", 3, "keep-partial week is no time: give seconds"],
    ["[servers]\nlab = '1'", 2, "lab is a server: write [servers.lab]"],
    ["[servers.lab]\n", 1, "The server lab has no address: give one, such as address = "],
    ["[servers.lab]\nadress = '1'", 2, "There is no adress under [servers.lab]: did you mean "],
    ["[servers.lab]\naddress = 12000", 2, "address wants a text in quotes"],
    ["[servers.lab]\naddress = 'x'", 2, "address: x needs a port, such as x:12000"],
    ["[servers.12000]\naddress = '1'", 1, "A server cannot be called 12000: a name has letters"],
    ["[servers.'a:1']\naddress = '1'", 1, "A server cannot be called a:1: a name has letters"],
    ["[serve]\nport = 1\nport = 2", 3, "Defining a key multiple times is invalid"],
    ["[connect]\nroot = here", 2, "Unexpected character (texts stand in quotes)"],
    ["[connect]\nroot =\n", 2, "Unspecified values are invalid"],
  ])("%j", async (text, line, message) => {
    using home = new Home().configure(text);
    const args = ["connect", "--root", home.join("client"), "-c", ""];
    const wrong = await run(args, { env: home.env });
    expect(wrong.stderr).toStartWith(`sftp: ${home.file} line ${line}: ${message}`);
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
  });

  test("also where a folder that it names cannot be had", async () => {
    using home = new Home();
    write(home.join("file"), "");
    home.configure(
      `[connect]\nroot = "${home.join("file")}"\n[serve]\nroot = "${home.join("file")}"`,
    );
    for (const [command = "", line] of [
      ["connect", 2],
      ["serve", 4],
    ] as const) {
      const { status, stderr } = await run([command], { env: home.env });
      expect(status).toBe(6);
      expect(stderr).toContain(`${home.join("file")} (set by ${home.file} line ${line}: root): `);
    }
  });

  test("control characters in it are shown harmless", async () => {
    using home = new Home().configure('"\\u001b[31m" = 1');
    const { stderr } = await run(["connect"], { env: home.env });
    expect(stderr).toContain("There is no section [\\x1b[31m]");
  });
});

describe("[servers.NAME]", () => {
  test("gives a server a name, for OPEN and for connect", async () => {
    using home = new Home();
    write(home.join("server/a.txt"), "a");
    await using server = await ServerProcess.start(home.join("server"));
    const address = `127.0.0.1:${server.port}`;
    home.configure(
      `[servers]\nlab = { address = "${address}" }\n[servers."my.läb-2"]\naddress = "${server.port}"`,
    );
    const go = (...args: string[]) =>
      run(["connect", "--root", home.join("client"), ...args], { env: home.env });
    const listed = { status: 0, stdout: "a.txt\n" };
    expect(await go("lab", "-c", "LS")).toMatchObject(listed);
    expect(await go("-c", "open my.läb-2; ls; close; OPEN 'lab'")).toMatchObject(listed);
    const [said] = (await go("lab", "-c", "")).stderr.split("\n");
    expect(said).toBe(`Connected to ${address}.`);
  });

  test("is found by its name alone: what reads as an address is one, and two words are host and port", async () => {
    using home = new Home().configure(
      "[servers.localhost]\naddress = '1'\n[servers.lab]\naddress = '1'",
    );
    await using server = await ServerProcess.start(home.join("server"));
    const { port } = server;
    const go = (commands: string) =>
      run(["connect", "--root", home.join("client"), "-c", commands], { env: home.env });
    for (const words of [`localhost ${port}`, `localhost:${port}`, `127.0.0.1 ${port}`]) {
      expect(await go(`OPEN ${words}`)).toMatchObject({ status: 0 });
    }
    expect((await go("OPEN localhost")).stderr).toContain("Nobody listens at 127.0.0.1:1:");
    const near = await go("OPEN lba");
    expect(near).toMatchObject({ status: 2 });
    expect(near.stderr).toBe(`There is no server lba in ${home.file}: did you mean lab?\n`);
    for (const other of ["LAB1234", "constructor", "x:"]) {
      const ran = await go(`OPEN ${other}`);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toMatch(/is no address|needs a port|The port is missing/);
    }
  });
});

describe("a variable that nothing reads", () => {
  test.each([
    ["SFTP_RETRYS", "SFTP_RETRYS is not read: did you mean SFTP_RETRIES?"],
    ["SFTP_IDLETIMEOUT", "SFTP_IDLETIMEOUT is not read: did you mean SFTP_IDLE_TIMEOUT?"],
    ["SFTP_TOKN", "SFTP_TOKN is not read: did you mean SFTP_TOKEN?"],
    ["SFTP_ROOT", "SFTP_ROOT is not read: did you mean SFTP_SERVE_ROOT or SFTP_CONNECT_ROOT?"],
    ["SFTP_DRY_RUN", "SFTP_DRY_RUN is not read: only the flag --dry-run sets that"],
    ["sftp_port", "sftp_port is not read: did you mean SFTP_PORT?"],
  ])("%s is told of once, and stops nothing", async (name, told) => {
    using folder = new TemporaryFolder();
    const options = { cwd: folder.path, env: { [name]: "1" } };
    const ran = await run(["connect", "-q", "-c", "LPWD; LPWD"], options);
    expect(ran).toMatchObject({ status: 0, stderr: `sftp: ${told}\n` });
  });

  test("and that is like none that is known may be another program's", async () => {
    using folder = new TemporaryFolder();
    const env = {
      SFTP_WAREHOUSE_BUCKET: "1",
      SFTP_PORT: "12000",
      SFTP_TOKEN: "x",
      SFTP_RETRYS: "",
    };
    const ran = await run(["connect", "-q", "-c", "LPWD"], { cwd: folder.path, env });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
  });
});

test("connect HOST PORT is what OPEN HOST PORT is", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a.txt"), "a");
  await using server = await ServerProcess.start(folder.join("server"));
  const args = ["--root", folder.join("client"), "-c", "LS"];
  const listed = { status: 0, stdout: "a.txt\n" };
  expect(await run(["connect", "127.0.0.1", String(server.port), ...args])).toMatchObject(listed);
  const wrong = await run(["connect", String(server.port), "x", ...args]);
  expect(wrong).toMatchObject({ status: 2, stdout: "" });
  expect(wrong.stderr).toStartWith(`${server.port} is no host: type OPEN `);
  expect((await connect(folder.join("client"), server.port, "LS", "x", "y")).status).toBe(2);
});

test("the example of docs/CONFIGURATION.md is what the program reads", async () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/CONFIGURATION.md"), "utf8");
  const [, example = ""] = /^```toml\n(.*?)^```$/ms.exec(page) ?? [];
  using home = new Home().configure(example);
  const env = { ...home.env, HOME: home.path };
  await using server = await ServerProcess.startWith(["--port", "0"], { env });
  expect(server.log).toStartWith(`Serving ${home.join("shared")} on `);
  const ran = await run(["connect", "-c", "OPEN lba"], { env });
  expect(ran.stderr).toContain("did you mean lab?");
  expect(readdirSync(home.path).toSorted()).toEqual(["Downloads", "config", "shared"]);
});

test("the help tells the rule for names, and what is a flag alone", async () => {
  for (const command of ["serve", "connect"]) {
    const { stdout } = await run([command, "--help"]);
    expect(stdout).toContain(`SFTP_${command.toUpperCase()}_ROOT`);
    expect(stdout).toContain(`under [${command}]`);
    expect(stdout).toMatch(/Set by a flag alone: .*--config\./);
  }
});
