import { describe, expect, test } from "bun:test";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { filesUnder, read, write } from "../support/files.ts";

/** A server with a.txt, b.txt and c.txt, and a client to run scripts in. */
async function scene(folder: TemporaryFolder): Promise<ServerProcess> {
  for (const name of ["a.txt", "b.txt", "c.txt"]) write(folder.join("server", name), name);
  return ServerProcess.start(folder.join("server"));
}

/** Runs a shell that gets its commands from a pipe. */
function piped(folder: TemporaryFolder, input: string, ...flags: string[]) {
  return run(["connect", "--root", folder.join("client"), ...flags], { input });
}

const got = (folder: TemporaryFolder): string[] => filesUnder(folder.join("client"));

describe("a pipe", () => {
  test("gets no prompt, and standard output holds only what was asked for", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const ran = await piped(folder, `OPEN ${server.port}\nLS\nGET a.txt\nQUIT\n`);
    expect(ran).toMatchObject({ status: 0, stdout: "a.txt\nb.txt\nc.txt\n" });
    expect(ran.stderr).not.toContain("sftp");
    expect(ran.stderr).not.toContain("\u001b");
  });

  test("may end without QUIT and without a line end, which closes all", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const ran = await piped(folder, `OPEN ${server.port}\nGET a.txt`);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toEndWith(`Closed the connection to 127.0.0.1:${server.port}.\n`);
    await server.waitFor(/disconnected \(closed by the client\)/);
    expect(got(folder)).toEqual(["a.txt"]);
  });

  test("may be empty", async () => {
    using folder = new TemporaryFolder();
    expect(await piped(folder, "")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await piped(folder, "\n ; \n# a comment")).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("may have lines that end in CR LF", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const ran = await piped(folder, `OPEN ${server.port}\r\nGET a.txt\r\n\r\n# end\r\nQUIT\r\n`);
    expect(ran.status).toBe(0);
    expect(got(folder)).toEqual(["a.txt"]);
  });

  test("stops at QUIT", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const ran = await piped(folder, "GET a.txt; QUIT; GET b.txt\nGET c.txt\n", String(server.port));
    expect(ran.status).toBe(0);
    expect(got(folder)).toEqual(["a.txt"]);
  });
});

describe("-c", () => {
  test("runs commands between ; and is repeated in order", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const more = ["-c", "GET b.txt x;GET x", "--command", "GET c.txt"];
    const ran = await connect(folder.join("client"), server.port, "GET a.txt", ...more);
    // The first failure ends it all: x is on this side alone.
    expect(ran.status).toBe(5);
    expect(got(folder)).toEqual(["a.txt", "x"]);
  });

  test("does not read standard input", async () => {
    using folder = new TemporaryFolder();
    const args = ["connect", "--root", folder.join("client"), "-c", "# nothing"];
    expect((await run(args, { input: "xyzzy\n" })).status).toBe(0);
  });

  test("a ; or # within quotes is part of a name, and # within a line is none of a comment", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/a;b#c"), "");
    write(folder.join("server/d#e"), "");
    await using server = await scene(folder);
    const ran = await connect(folder.join("client"), server.port, "GET 'a;b#c'; GET d#e");
    expect(ran.status).toBe(0);
    expect(got(folder)).toEqual(["a;b#c", "d#e"]);
  });
});

describe("-b", () => {
  test("runs a file, with comments and blank lines", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const script = `# fetch\n\nOPEN ${server.port}\n  # more\nGET a.txt\n-GET none\nGET b.txt\n`;
    write(folder.join("script"), script);
    const ran = await piped(folder, "xyzzy\n", "-b", folder.join("script"));
    expect(ran).toMatchObject({ status: 0, stdout: "" });
    expect(got(folder)).toEqual(["a.txt", "b.txt"]);
  });

  test("- is standard input", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const ran = await piped(folder, "GET a.txt\n", String(server.port), "-b", "-");
    expect(ran.status).toBe(0);
    expect(got(folder)).toEqual(["a.txt"]);
  });

  test("a file that is missing, or is a folder, is told by name", async () => {
    using folder = new TemporaryFolder();
    const missing = await piped(folder, "", "-b", folder.join("none"));
    expect(missing).toMatchObject({ status: 5, stdout: "" });
    expect(missing.stderr).toBe(
      `sftp: Cannot read commands with -b: There is no file ${folder.join("none")}\n`,
    );
    const isFolder = await piped(folder, "", "-b", folder.path);
    expect(isFolder).toMatchObject({ status: 6, stdout: "" });
    expect(isFolder.stderr).toBe(
      `sftp: Cannot read commands with -b: ${folder.path} is a folder\n`,
    );
  });
});

describe("-b shows each command before it runs", () => {
  const script = (port: number): string =>
    [
      `  open ${port}`,
      "# none",
      "LS; @ls",
      "- GET none",
      "@-GET none",
      "-@LS",
      "GET \\",
      " a.txt",
    ].join("\r\n");

  test.each(["file", "-"])("as it stands there, unless @ stands before it: %s", async (from) => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const file = folder.join("script");
    write(file, script(server.port));
    const ran =
      from === "-" ? piped(folder, script(server.port), "-b", "-") : piped(folder, "", "-b", file);
    const { status, stdout, stderr } = await ran;
    expect({ status, stdout }).toEqual({ status: 0, stdout: "a.txt\nb.txt\nc.txt\n".repeat(3) });
    const where = from === "-" ? "standard input" : file;
    const none = "GET none: There is no file none (on the server)";
    expect(stderr.split("\n")).toEqual([
      `sftp> open ${server.port}`,
      `Connected to 127.0.0.1:${server.port}.`,
      "sftp> LS",
      "sftp> - GET none",
      `${where} line 4: ${none}`,
      `${where} line 5: ${none}`,
      "sftp> GET \\",
      " a.txt",
      expect.stringMatching(/^GET a\.txt: 5 B in .*, verified$/),
      `Closed the connection to 127.0.0.1:${server.port}.`,
      "",
    ]);
  });

  test("but not with -q or --json, nor what comes from -c or a pipe", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const port = String(server.port);
    const runs = [
      await piped(folder, "LS", port, "-b", "-", "-q"),
      await piped(folder, "LS", port, "-b", "-", "--json"),
      await piped(folder, "LS", port),
      await piped(folder, "", port, "-c", "LS"),
    ];
    for (const { status, stderr } of runs) {
      expect(status).toBe(0);
      expect(stderr).not.toContain("LS");
    }
  });

  test("control characters in it are shown harmless", async () => {
    using folder = new TemporaryFolder();
    const ran = await piped(folder, "HELP '\u001b[2J'", "-b", "-");
    expect(ran.stderr).toStartWith(
      "sftp> HELP '\\x1b[2J'\nstandard input line 1: There is no command",
    );
  });
});

describe("what fails in a script of -b names its line", () => {
  test.each<[string, number, string]>([
    ["xyzzy", 1, "There is no command xyzzy"],
    ["\n# a\n\n  # b\nGET a", 5, "Not connected"],
    ["HELP; HELP\nHELP; GET a; HELP", 2, "Not connected"],
    ["HELP \\\nGET; HELP \\\r\nGET\nGET a", 4, "Not connected"],
    ["-HELP 'x\ny'; \nxyzzy", 3, "There is no command xyzzy"],
    ["-HELP 'x\ny'; xyzzy", 2, "There is no command xyzzy"],
    ["HELP\nGET 'a\n\n", 2, "A quote ' is not closed"],
    ["HELP\nGET a \\", 2, "Nothing follows the last backslash"],
  ])("%j: line %i", async (script, line, message) => {
    using folder = new TemporaryFolder();
    const file = folder.join("script.txt");
    write(file, script);
    const ran = await piped(folder, "", "-q", "-b", file);
    expect(ran.status).toBe(2);
    expect(ran.stderr.trim().split("\n").at(-1)).toStartWith(`${file} line ${line}: ${message}`);
    const told = await piped(folder, "", "--json", "-b", file);
    const last: unknown = JSON.parse(told.stdout.trim().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({
      event: "failed",
      line,
      message: expect.stringContaining(message),
    });
  });

  test("and what comes from -c, or a pipe, does not", async () => {
    using folder = new TemporaryFolder();
    const { stderr } = await piped(folder, "GET a\n");
    expect(stderr).toBe("Not connected: use OPEN first, such as OPEN 12000\n");
    expect((await piped(folder, "", "-c", "GET a")).stderr).toBe(stderr);
  });
});

test("-q says what went wrong alone, and what was asked for still comes", async () => {
  using folder = new TemporaryFolder();
  await using server = await scene(folder);
  write(folder.join("client/d.txt"), "d");
  const commands = `OPEN ${server.port}; LS; GET a.txt; PUT d.txt; -GET none; CLOSE; OPEN ${server.port}; HELP QUIT`;
  for (const flags of [["-c", commands], ["-b", "-"], []]) {
    const ran = await piped(folder, commands, ...flags, "-q", "-v");
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/^a\.txt\nb\.txt\nc\.txt\n(?:d\.txt\n)?QUIT: close the connection/);
    expect(ran.stderr).toEndWith("GET none: There is no file none (on the server)\n");
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
  }
});

describe("the first failure ends the run with its status", () => {
  test.each([
    ["GET none", 5],
    ["PUT none", 5],
    ["GET ../x", 6],
    ["xyzzy", 2],
    ["OPEN 1", 2],
    ["CLOSE; GET a.txt", 2],
    ["CLOSE; OPEN 1", 3],
    ["GET 'a", 2],
  ])("%s: %i", async (command, status) => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const script = `GET a.txt\n${command}\nGET b.txt\n`;
    const port = String(server.port);
    const runs = [
      await piped(folder, script, port),
      await connect(folder.join("client"), server.port, script),
      await connect(folder.join("client"), server.port, `${command};GET b.txt`, "-c", "GET b.txt"),
    ];
    expect(runs.map((ran) => ran.status)).toEqual([status, status, status]);
    expect(got(folder)).toEqual(["a.txt"]);
  });

  test("a leading - forgives one, which is told all the same", async () => {
    using folder = new TemporaryFolder();
    await using server = await scene(folder);
    const script = "-GET none\n- PUT none; -xyzzy\n- CLOSE\n-OPEN 1\nHELP\n";
    const ran = await piped(folder, script, String(server.port));
    expect(ran.status).toBe(0);
    expect(ran.stdout).toContain("GET remote... [local]");
    expect(ran.stderr).toContain("GET none: There is no file none (on the server)");
    expect(ran.stderr).toContain("There is no command xyzzy");
    expect(ran.stderr).toContain("Nobody listens at 127.0.0.1:1:");
  });

  test("so does an address after connect that cannot be opened: nothing is run", async () => {
    using folder = new TemporaryFolder();
    const bad = await piped(folder, "HELP\n", "no-port");
    expect(bad).toMatchObject({ status: 2, stdout: "" });
    const nobody = await piped(folder, "HELP\n", "127.0.0.1:1");
    expect(nobody).toMatchObject({ status: 3, stdout: "" });
  });
});

test.each([
  ["a pipe", []],
  ["-b -", ["-b", "-"]],
])("a command goes on behind a backslash, and within a quote, from %s", async (_, flags) => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a b"), "content");
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await run(
    ["connect", String(server.port), "--root", folder.join("client"), ...flags],
    {
      input: "GET \\\n'a b' \\\nsecond\nHELP \\\nGET\nGET 'a b' 'never\nclosed",
    },
  );
  expect(read(folder.join("client/second"))?.toString()).toBe("content");
  expect(ran.stdout).toStartWith("GET remote... [local]");
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain("A quote ' is not closed");
});

test("a command has very many lines, each with a backslash or a quote, and none is read twice", async () => {
  using folder = new TemporaryFolder();
  const joined = `HELP \\\n${"\\\n".repeat(260_000)}GET\n`;
  const quoted = `-HELP "${"'\n".repeat(260_000)}"\n`;
  const ran = await run(["connect", "--root", folder.join("client")], {
    input: `${joined}${quoted}LPWD\n`,
  });
  expect(ran.stdout).toStartWith("GET remote... [local]");
  expect(ran.stdout).toEndWith(`${folder.join("client")}\n`);
  expect(ran.status).toBe(0);
}, 60_000);

test.each([
  ["in one line", `HELP ${"a".repeat(8 * 1024 * 1024)}`],
  ["in very many lines", `HELP "${"a line\n".repeat(200_000)}`],
])("a command without an end is given up at once, and not kept: %s", async (_, input) => {
  using folder = new TemporaryFolder();
  write(folder.join("script"), `LPWD\n${input}`);
  for (const args of [[], ["-b", folder.join("script")]]) {
    const ran = await run(["connect", "--root", folder.join("client"), ...args], { input });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain("A command has no more than 1048576 characters");
    expect(ran.stderr.length).toBeLessThan(1000);
  }
});
