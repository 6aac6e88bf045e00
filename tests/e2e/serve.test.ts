import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { deadPort } from "../support/ports.ts";
import { filesUnder, write } from "../support/files.ts";
import { RawClient } from "../support/raw-client.ts";

describe("sftp serve starts", () => {
  test("with ./server, made if absent, and one line that says what and where", async () => {
    using folder = new TemporaryFolder();
    const port = await deadPort();
    await using server = await ServerProcess.startWith([], {
      cwd: folder.path,
      // 12000 itself may be in use here; that it is the default, the help tells.
      env: { SFTP_PORT: String(port) },
    });
    expect(server.port).toBe(port);
    expect(statSync(folder.join("server")).isDirectory()).toBe(true);
    expect(server.log).toBe(
      `Serving ${folder.join("server")} on 127.0.0.1:${port}. Connect with: sftp connect ${port}\n`,
    );
    expect(server.stdout).toBe("");
  });

  test("on a free port for --port 0, with the folders above its root", async () => {
    using folder = new TemporaryFolder();
    await using first = await ServerProcess.start(folder.join("a/b/c"));
    await using second = await ServerProcess.start(folder.join("a/b/c"));
    expect(first.port).toBeGreaterThan(0);
    expect(first.port).not.toBe(second.port);
    for (const { port } of [first, second]) {
      expect((await connect(folder.join("client"), port, "LS")).status).toBe(0);
    }
  });

  test("on ::1, whose address can be typed as it is shown", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("s"), ["--host", "::1"]);
    const [, shown = ""] = await server.waitFor(/sftp connect (\S+)/);
    expect(shown).toBe(`[::1]:${server.port}`);
    const ran = await run(["connect", shown, "--root", folder.join("c"), "-c", "LS"]);
    expect(ran).toMatchObject({ status: 0, stdout: "" });
  });
});

test("it logs a line for each connection and each transfer, with the time", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a.txt"), "0123456789");
  write(folder.join("client/b.txt"), "012");
  await using server = await ServerProcess.start(folder.join("server"));
  const commands = "GET a.txt; PUT b.txt notes/b.txt; - GET none.txt; QUIT";
  await connect(folder.join("client"), server.port, commands);
  await server.waitFor(/disconnected/);
  const lines = server.log.trimEnd().split("\n").slice(1);
  expect(
    lines.every((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 127\.0\.0\.1:\d+ /.test(line)),
  ).toBe(true);
  expect(lines.map((line) => line.split(" ").slice(3).join(" "))).toEqual([
    "connected",
    expect.stringMatching(/^GET a\.txt: 10 B in \S+ m?s$/),
    expect.stringMatching(/^PUT notes\/b\.txt: 3 B in \S+ m?s, verified$/),
    "GET none.txt: 550 There is no file none.txt",
    "disconnected (closed by the client)",
  ]);
});

test("a line of the log has one spelling of a name, as it is", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await connect(folder.join("client"), server.port, "GET 'my notes.txt'");
  await server.waitFor(/disconnected/);
  expect(server.log).toContain(" GET my notes.txt: 550 There is no file my notes.txt\n");
});

test("a folder that is to be made and is there already is no failure in the log", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("root/there/f"), "f");
  await using server = await ServerProcess.start(folder.join("root"));
  using client = await RawClient.open(server.port);
  expect(await client.sendLine("MKDIR there").line()).toBe("553 exists there exists already");
  expect(await client.sendLine("MKDIR there/f/g").line()).toStartWith("553 not-a-file ");
  await server.waitFor(/MKDIR there\/f\/g: 553/);
  expect(server.log).not.toContain("exists already");
});

test("names that a terminal would act on are logged harmlessly", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  using client = await RawClient.open(server.port);
  expect(await client.sendLine("GET a%1B[2J%0Ax").rest()).toStartWith("500 syntax");
  using second = await RawClient.open(server.port);
  expect(await second.sendLine("GET a%1B%5B2J%0A%E2%80%AEx").line()).toStartWith("550 not-found");
  await server.waitFor(/GET a.*\n/);
  const shown = "a\\x1b[2J\\x0a\\u202ex";
  expect(server.log).toContain(`GET ${shown}: 550 There is no file ${shown}\n`);
});

describe("sftp serve refuses in one clear line", () => {
  test.each(["abc", "-1", "65536", "1e3", "0x10", " 80", "12000 "])("the port %j", async (port) => {
    using folder = new TemporaryFolder();
    const { status, stdout, stderr } = await run(["serve", "--port", port], { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe(`sftp: --port: ${port} is no port: give a number from 0 to 65535\n`);
    expect(filesUnder(folder.path)).toEqual([]);
  });

  test("an empty port", async () => {
    const { status, stderr } = await run(["serve", "--port="]);
    expect(status).toBe(2);
    expect(stderr).toBe("sftp: --port is empty: give it a value, or leave it out\n");
  });

  test("a port in use", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("a"));
    const { port } = server;
    const args = ["serve", "--port", String(port), "--root", folder.join("b")];
    const { status, stdout, stderr } = await run(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      `sftp: Port ${port} on 127.0.0.1 is in use: choose another with --port, or 0 for any free one\n`,
    );
  });

  test("a root that is a file, or lies behind one", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("file"), "kept");
    for (const root of [folder.join("file"), folder.join("file/below")]) {
      const { status, stderr } = await run(["serve", "--port", "0", "--root", root]);
      expect(status).toBe(6);
      expect(stderr).toBe(
        `sftp: Cannot serve ${root}: ${root} is not a folder: choose another folder with --root\n`,
      );
    }
    expect(filesUnder(folder.path)).toEqual(["file"]);
  });

  // Nothing is unreadable for the superuser.
  test.skipIf(process.getuid?.() === 0)("a root that cannot be read", async () => {
    using folder = new TemporaryFolder();
    const root = folder.join("secret");
    write(folder.join("secret/file"), "");
    await Bun.$`chmod 000 ${root}`;
    const { status, stderr } = await run(["serve", "--port", "0", "--root", root]);
    await Bun.$`chmod 700 ${root}`;
    expect(status).toBe(6);
    expect(stderr).toStartWith(`sftp: Cannot serve ${root}: The system does not permit this`);
  });

  test("a root that cannot be made", async () => {
    const root = "/proc/sftp-test-root";
    const { status, stderr } = await run(["serve", "--port", "0", "--root", root]);
    expect(status).toBeOneOf([5, 6]);
    expect(stderr).toStartWith(`sftp: Cannot serve ${root}: `);
    expect(stderr).toEndWith(": choose another folder with --root\n");
  });

  test.each([
    ["203.0.113.1", "This machine has no address 203.0.113.1: choose one of its own with --host"],
    [
      "no.such.host.invalid",
      "There is no host no.such.host.invalid: choose an address of this machine with --host",
    ],
  ])("the host %s, which it has not", async (host, told) => {
    using folder = new TemporaryFolder();
    const args = ["serve", "--port", "0", "--host", host];
    const env = { XDG_STATE_HOME: folder.join("state") };
    const { status, stdout, stderr } = await run(args, { cwd: folder.path, env });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(`sftp: ${told}\n`);
  });
});
