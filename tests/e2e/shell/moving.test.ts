import { expect, test } from "bun:test";
import { write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SecureScene } from "../../support/secure.ts";
import { eventsOf, ShellScene } from "../../support/shell.ts";
import { TerminalProgram } from "../../support/terminal.ts";

function scene(): Promise<ShellScene> {
  return ShellScene.start((folder) => {
    write(folder.join("server/top.txt"), "top");
    write(folder.join("server/logs/a.gz"), "a");
    write(folder.join("server/logs/old/b.gz"), "b");
    write(folder.join("server/-/x"), "x");
    write(folder.join("client/mine.txt"), "mine");
  });
}

test("CD goes into folders, up, to the root and back; PWD tells where that is", async () => {
  await using shell = await scene();
  const ran = await shell.run(
    "PWD; CD logs; PWD; cd old; pwd; CD ..; PWD; CD -; PWD; CD -; PWD; CD /logs/old; CD ../../logs/.; PWD; CD; PWD",
  );
  expect(ran).toEqual({
    status: 0,
    stdout: "/\n/logs\n/logs/old\n/logs\n/logs/old\n/logs\n/logs\n/\n",
    stderr: "",
  });
});

test("names are relative to where CD went, and a leading / is the root", async () => {
  await using shell = await scene();
  const ran = await shell.run(
    "CD logs; LS; GET a.gz x; PUT mine.txt here.txt; LS; LS /; STAT /top.txt",
  );
  expect(ran.status).toBe(0);
  expect(ran.stdout).toStartWith("a.gz\nold/\na.gz\nhere.txt\nold/\n-/\nlogs/\ntop.txt\ntop.txt\n");
});

test("STATUS tells whether the connection is encrypted, and as whom one is logged in", async () => {
  await using secure = await SecureScene.start();
  const ran = await secure.connect(secure.pinned, "STATUS; CLOSE; STATUS");
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/^protection +encrypted, logged in as token$/m);
  expect(ran.stdout.match(/protection/g)).toHaveLength(1);
});

test("CDUP goes to the folder above, as CD .. does", async () => {
  await using shell = await scene();
  const ran = await shell.run("CD logs/old; cdup; PWD; CD -; PWD; CDUP; CDUP; PWD; -CDUP; CDUP x");
  expect(ran).toEqual({
    status: 2,
    stdout: "/logs\n/logs/old\n/\n",
    stderr: "CDUP: .. leads above the server's root\nCDUP has a word too many, x: type CDUP\n",
  });
});

test("a quoted - is a folder's name", async () => {
  await using shell = await scene();
  expect(await shell.run("CD '-'; PWD; LS")).toEqual({ status: 0, stdout: "/-\nx\n", stderr: "" });
});

test.each([
  ["CD nowhere", 5, "CD nowhere: There is no file or folder nowhere (on the server)\n"],
  ["CD no/where", 5, "CD no/where: There is no folder no (on the server)\n"],
  ["CD top.txt", 6, "CD top.txt: top.txt is a file, no folder (on the server)\n"],
  ["CD ..", 6, "CD ..: .. leads above the server's root\n"],
  ["CD -", 2, "There is no folder to go back to: CD was not used yet\n"],
])("%s fails and leaves everything where it was", async (command, status, stderr) => {
  await using shell = await scene();
  const ran = await shell.run(`-${command}; PWD`);
  expect(ran).toEqual({ status: 0, stdout: "/\n", stderr });
  expect((await shell.run(command)).status).toBe(status);
});

test("another connection begins at its root, with nothing to go back to", async () => {
  await using shell = await scene();
  const ran = await shell.run(`CD logs; CLOSE; OPEN ${shell.port}; PWD; CD -`);
  expect(ran).toMatchObject({ status: 2, stdout: "/\n" });
});

test.each(["CD logs", "PWD", "STAT a", "MKDIR a", "RM a", "RMDIR a", "MV a b", "LS -l"])(
  "%s needs a connection",
  async (command) => {
    await using shell = await scene();
    const { status, stderr } = await shell.run(`CLOSE; ${command}`);
    expect(status).toBe(2);
    expect(stderr).toBe("Not connected: use OPEN first, such as OPEN 12000\n");
  },
);

test("CD and PWD are events with --json, and nothing else is printed", async () => {
  await using shell = await scene();
  const ran = await shell.run("CD logs/old; PWD; CD", "--json");
  expect(eventsOf(ran)).toEqual([
    { event: "folder", side: "remote", path: "logs/old" },
    { event: "folder", side: "remote", path: "logs/old" },
    { event: "folder", side: "remote", path: "" },
  ]);
});

test("STATUS tells of the connection and of both folders, or that there is none", async () => {
  await using shell = await scene();
  const ran = await shell.run("CD logs; STATUS; CLOSE; STATUS", "--retries", "2", "--durable");
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  const local = shell.folder.join("client");
  const lines = ran.stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(lines).toEqual([
    ["server", expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${shell.port}, for \\d.* m?s$`))],
    ["protection", "neither encrypted nor logged in"],
    ["moved", expect.stringMatching(/^\d+ B received, \d+ B sent$/)],
    ["its folder", "/logs"],
    ["your folder", local],
    ["options", "--timeout 30, --retries 2, --durable"],
    ["server", "not connected"],
    ["your folder", local],
    ["options", "--timeout 30, --retries 2, --durable"],
    [""],
  ]);
  expect(eventsOf(await shell.run("CD logs; STATUS; CLOSE; STATUS", "--json")).slice(1)).toEqual([
    {
      event: "status",
      server: `127.0.0.1:${shell.port}`,
      seconds: expect.any(Number),
      received: expect.any(Number),
      sent: expect.any(Number),
      encrypted: false,
      remote: "logs",
      local,
    },
    { event: "status", local },
  ]);
});

test("the prompt shows the folder, without what a terminal would obey", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/日本/x"), "");
  write(folder.join("server/a\u202eb/x"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  const at = (where: string): RegExp => new RegExp(`sftp 127\\.0\\.0\\.1:${server.port}${where}> `);
  await shell.waitFor(at(""));
  await shell.type("cd 日本", at("/日本"));
  await shell.type("cd ..", at(""));
  await shell.type("cd a\u202eb", at(String.raw`/a\\u202eb`));
});
