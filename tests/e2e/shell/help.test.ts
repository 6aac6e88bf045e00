import { describe, expect, test } from "bun:test";
import { run, TemporaryFolder, type Ran } from "../../support/programs.ts";

/** Runs commands in a shell that is not connected. */
async function shell(commands: string): Promise<Ran> {
  using folder = new TemporaryFolder();
  return run(["connect", "--root", folder.join("client"), "-c", commands]);
}

/** The names that HELP lists. */
async function names(): Promise<string[]> {
  const { stdout } = await shell("HELP");
  // Some have a line together.
  const rows = Array.from(stdout.matchAll(/^ {2}(!|[A-Z]+(?:, [A-Z]+)*)/gm), ([, row = ""]) => row);
  return rows.flatMap((row) => row.split(", "));
}

test("HELP lists every command in groups, and fits on a screen of 80 columns and 24 lines", async () => {
  const { status, stdout, stderr } = await shell("HELP");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const lines = stdout.split("\n").slice(0, -1);
  // The last line is the next prompt.
  expect(lines.length).toBeLessThanOrEqual(23);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => /^[A-Z][a-z ]+$/.test(line))).toEqual([
    "Connection",
    "Files",
    "On the server",
    "On this side",
  ]);
  const summaries = lines.filter((line) => line.startsWith("  "));
  const columns = summaries.map((line) => /^ {2}.*? {2,}/.exec(line)?.[0].length);
  expect(columns.filter((column) => column !== 27)).toEqual([]);
  expect(stdout).toContain("quotes around names with blanks");
  expect(stdout).toMatch(/^ {2}LS /m);
});

test("HELP command tells more of each, with examples and all that it is called", async () => {
  const listed = await names();
  expect(listed.length).toBeGreaterThan(18);
  for (const name of listed) {
    const { status, stdout } = await shell(`HELP ${name}`);
    expect(status, name).toBe(0);
    expect(stdout).toStartWith(name);
    expect(stdout.split("\n\n").at(-1), name).toMatch(/^( {2}\S.*\n)+$/);
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  }
  expect((await shell("HELP RM")).stdout).toBe(
    [
      "RM [-rn] remote...: remove files, and with -r folders and all in them",
      "  also: DELETE, DEL, MDELETE",
      "  -r, --recursive  folders too, with all that they hold; it does not ask",
      "  -n, --dry-run    only say what would be removed",
      "",
      "  RM old.txt",
      "  RM *.bak 'my notes.txt'",
      "  RM -r backup/2024",
      "  RM -rn backup",
      "",
    ].join("\n"),
  );
});

test.each([
  ["bye", "QUIT"],
  ["exit", "QUIT"],
  ["disconnect", "CLOSE"],
  ["recv", "GET"],
  ["send", "PUT"],
  ["dir", "LS"],
  ["delete", "RM"],
  ["del", "RM"],
  ["rename", "MV"],
  ["chdir", "CD"],
  ["cwd", "CD"],
  ["ldir", "LLS"],
  ["?", "HELP"],
  ["md", "MKDIR"],
])("HELP %s is that of %s", async (synonym, name) => {
  const told = await shell(`? ${synonym}`);
  expect(told).toEqual(await shell(`help ${name}`));
  expect(told).toMatchObject({ status: 0, stderr: "" });
  expect(told.stdout).toStartWith(name);
});

describe("what is no command suggests what was meant", () => {
  test.each([
    ["mkdri x", "There is no command mkdri: did you mean MKDIR?"],
    ["remove x", "There is no command remove: HELP lists what there is"],
    ["LPWDD", "There is no command LPWDD: did you mean LPWD?"],
    ["m x", "There is no command m: did you mean MGET, MPUT, MIRROR, MKDIR or MV?"],
    ["st", "There is no command st: did you mean STATUS or STAT?"],
    ["l", "There is no command l: did you mean LS, LLS, LCD or LPWD?"],
    ["HELP re", "There is no command re: did you mean RECV or RENAME?"],
    ["y", "There is no command y: HELP lists what there is"],
    ["HELP xyzzy", "There is no command xyzzy: HELP lists what there is"],
    ["'!ls'", "There is no command !ls: did you mean LS?"],
  ])("%s", async (typed, message) => {
    const ran = await shell(typed);
    expect(ran).toEqual({ status: 2, stdout: "", stderr: `${message}\n` });
  });
});

test.each([
  ["MKDIR", "MKDIR needs more: type MKDIR [-p] folder..., such as MKDIR notes"],
  ["MV a", "MV needs more: type MV source... target, such as MV draft.txt final.txt"],
  ["PWD x", "PWD has a word too many, x: type PWD"],
  ["LS -x", "LS has no option -x: it has -l, -r"],
  ["LS -lax", "LS has no option -x: it has -l, -r"],
  ["RM -ra x", "RM has no option -a: it has -r, -n"],
  ["RM --recursiv x", "RM has no option --recursiv: did you mean --recursive?"],
])("%s is wrong usage", async (typed, message) => {
  const ran = await shell(typed);
  expect(ran).toEqual({ status: 2, stdout: "", stderr: `${message}\n` });
});

describe("words of ftp that are no commands", () => {
  test.each([
    ["binary", "BINARY is not needed: all files go as they are, byte for byte."],
    ["bin", "BIN is not needed: all files go as they are, byte for byte."],
    ["ASCII", "ASCII is not needed: all files go as they are, byte for byte."],
    ["type I", "TYPE is not needed: all files go as they are, byte for byte."],
    ["hash", "HASH is not needed: each transfer says what has become of it."],
    [
      "passive",
      "PASSIVE is not needed: everything goes over the one connection that the client opens.",
    ],
    [
      "Prompt off",
      "PROMPT is not needed: nothing asks before each file, except MGET and MPUT with -i.",
    ],
  ])("%s says that it is not needed, and a script goes on behind it", async (typed, message) => {
    const ran = await shell(`${typed}; HELP PWD`);
    expect(ran).toMatchObject({ status: 0, stderr: `${message}\n` });
    expect(ran.stdout).toStartWith("PWD: ");
    const told = await shell(`HELP ${typed.split(" ")[0]}`);
    expect(told).toEqual({ status: 0, stdout: "", stderr: `${message}\n` });
  });

  test.each([
    ["reget big.iso", "type GET again, which goes on where it was interrupted"],
    ["restart 5", "type GET or PUT again, which goes on where it was interrupted"],
    ["USER anna", "type the name with the address, such as OPEN anna@192.0.2.7:12000"],
    ["quote SYST", "nothing is sent to the server as it is typed: HELP lists what there is"],
  ])("%s says what to type in place of it, and is wrong usage", async (typed, message) => {
    const [name = ""] = typed.split(" ");
    const stderr = `There is no command ${name}: ${message}\n`;
    expect(await shell(`${typed}; HELP`)).toEqual({ status: 2, stdout: "", stderr });
    expect(await shell(`HELP ${name}`)).toEqual({ status: 2, stdout: "", stderr });
  });
});
