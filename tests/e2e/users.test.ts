import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { makeVerifier } from "../../src/security/scram.ts";
import { readUsers } from "../../src/security/users.ts";
import { run, TemporaryFolder, type Ran } from "../support/programs.ts";
import { TerminalProgram } from "../support/terminal.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const BACKSPACE = "\u007f";
const LEFT = "\u001b[D";
const FIRST = /Password for anna: $/;
const SECOND = /The same again: $/;

function sftpUser(args: readonly string[], input = ""): Promise<Ran> {
  return run(["user", ...args], { input });
}

/** Whether what is kept in the file fits a password. */
async function accepts(file: string, name: string, password: string): Promise<boolean> {
  const verifier = (await readUsers(file)).find(name)?.verifier;
  if (verifier === undefined) return false;
  const { salt, iterations, storedKey } = verifier;
  return Buffer.from((await makeVerifier(password, { salt, iterations })).storedKey).equals(
    storedKey,
  );
}

describe("sftp user", () => {
  test("adds, lists and removes, and keeps verifiers only", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    const flags = ["--role", "write", "--root", "team/anna b"];
    const added = await sftpUser(["add", "anna", "--file", file, ...flags], "hunter2\nmore\n");
    expect(added).toEqual({ status: 0, stdout: "", stderr: `Added anna in ${file}\n` });
    expect((await sftpUser(["add", "bert", "--file", file], "pässword\r\n")).status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toMatch(/hunter2|pässword/);
    expect(await accepts(file, "anna", "hunter2")).toBe(true);
    expect(await accepts(file, "bert", "pässword")).toBe(true);
    expect(await accepts(file, "anna", "hunter3")).toBe(false);

    expect(await sftpUser(["list", "--file", file])).toEqual({
      status: 0,
      stdout: "anna  write  team/anna b\nbert  read\n",
      stderr: "",
    });
    const removed = await sftpUser(["remove", "anna", "--file", file]);
    expect(removed).toEqual({ status: 0, stdout: "", stderr: `Removed anna from ${file}\n` });
    expect((await sftpUser(["list", "--file", file])).stdout).toBe("bert  read\n");
    expect(await sftpUser(["remove", "anna", "--file", file])).toEqual({
      status: 5,
      stdout: "",
      stderr: `sftp: There is no user anna in ${file}\n`,
    });
  });

  test("changes a user only when it is told to, and then only what it is told", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    const add = ["add", "anna", "--file", file];
    await sftpUser([...add, "--role", "full", "--root", "a"], "first\n");
    const before = readFileSync(file, "utf8");
    expect(await sftpUser(add, "second\n")).toEqual({
      status: 6,
      stdout: "",
      stderr: `sftp: There is a user anna in ${file} already: add --replace to change it\n`,
    });
    expect(readFileSync(file, "utf8")).toBe(before);

    const changed = await sftpUser([...add, "--replace"], "second\n");
    expect(changed).toEqual({ status: 0, stdout: "", stderr: `Changed anna in ${file}\n` });
    expect((await readUsers(file)).find("anna")).toMatchObject({ role: "full", root: "a" });
    expect(await accepts(file, "anna", "second")).toBe(true);
    await sftpUser([...add, "--replace", "--role", "read"], "second\n");
    expect((await readUsers(file)).find("anna")).toMatchObject({ role: "read", root: "a" });
  });

  test("takes the file from the environment where no flag names it", async () => {
    using folder = new TemporaryFolder();
    const env = { SFTP_USERS: folder.join("users") };
    expect((await run(["user", "add", "anna"], { env, input: "secret\n" })).status).toBe(0);
    expect((await run(["user", "list"], { env })).stdout).toBe("anna  read\n");
  });

  test("its help shows an example, and names no flag for passwords", async () => {
    const { status, stdout } = await run(["user", "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("sftp user add anna --file users --role write");
    expect(stdout).not.toMatch(/--pass|--secret/);
  });

  test.each<[string, string[]]>([
    ["Say what to do: add, remove or list", []],
    ["ad is not add, remove or list: did you mean add?", ["ad", "anna", "--file", "F"]],
    ["toString is not add, remove or list", ["toString", "--file", "F"]],
    ["Which file keeps the users? Name it with --file", ["list"]],
    ["--file is empty", ["list", "--file", ""]],
    ["The user's name is missing", ["add", "--file", "F"]],
    ["The user's name is missing", ["remove", "--file", "F"]],
    ["a/b can be no user's name", ["add", "a/b", "--file", "F"]],
    ["-x", ["add", "--file", "F", "--", "-x"]],
    ["--role admin is not read, write, full", ["add", "anna", "--file", "F", "--role", "admin"]],
    ["--root: ../x is no folder inside", ["add", "anna", "--file", "F", "--root", "../x"]],
    ["--root: /x is no folder inside", ["add", "anna", "--file", "F", "--root", "/x"]],
    ["--root: The name x/.sftp-staging", ["add", "a", "--file", "F", "--root", "x/.sftp-staging"]],
    ["--root: The name a:b", ["add", "anna", "--file", "F", "--root", "a:b"]],
    ["There is a word too many: bert", ["add", "anna", "bert", "--file", "F"]],
    ["There is a word too many: anna", ["list", "anna", "--file", "F"]],
    ["sftp user list takes no --role", ["list", "--file", "F", "--role", "read"]],
    ["sftp user remove takes no --replace", ["remove", "anna", "--file", "F", "--replace"]],
    ["There is no flag --password", ["add", "anna", "--file", "F", "--password", "hunter2"]],
    ["The password is missing: give it in the first line", ["add", "anna", "--file", "F"]],
  ])("says that %s", async (message, args) => {
    using folder = new TemporaryFolder();
    const { status, stdout, stderr } = await run(["user", ...args], { cwd: folder.path });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toStartWith("sftp: ");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("hunter2");
    expect(stderr.split("\n")).toHaveLength(2);
    expect(existsSync(folder.join("F"))).toBe(false);
  });

  test("refuses a password that can be none, and does not repeat it", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    for (const password of ["hunter2\u0007", "hunter2".repeat(200)]) {
      const { status, stderr } = await sftpUser(["add", "anna", "--file", file], `${password}\n`);
      expect(status).toBe(2);
      expect(stderr).toStartWith("sftp: The password ");
      expect(stderr).not.toContain("hunter2");
    }
    expect(existsSync(file)).toBe(false);
  });

  test("refuses a file that others can read, or that is not one of users", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    await sftpUser(["add", "anna", "--file", file], "secret\n");
    chmodSync(file, 0o644);
    for (const args of [["list"], ["remove", "anna"], ["add", "bert"]]) {
      const { status, stderr } = await sftpUser([...args, "--file", file], "secret\n");
      expect(status).toBe(4);
      expect(stderr).toContain(`can be read by others than its owner: run chmod 600 ${file}`);
    }
    chmodSync(file, 0o600);
    writeFileSync(file, "# mine\n\u001b[2Jx read\n");
    const { stderr } = await sftpUser(["list", "--file", file]);
    expect(stderr).toContain(`${file}, line 2: `);
    expect(stderr).not.toContain("\u001b[2J");
    const none = folder.join("none");
    expect(await sftpUser(["list", "--file", none])).toEqual({
      status: 5,
      stdout: "",
      stderr: `sftp: Cannot read ${none}: there is no such file\n`,
    });
  });
});

describe("sftp user add at a terminal", () => {
  const ADD = ["user", "add", "anna", "--file", "users"];

  test("asks twice, and shows nothing of what is typed", async () => {
    using folder = new TemporaryFolder();
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(FIRST);
    await program.type("hunter2 ä", SECOND);
    await program.type("hunter2 ä", /Added anna in users/);
    expect(await program.process.exited).toBe(0);
    expect(program.screen).toBe(
      "Password for anna: \r\nThe same again: \r\nAdded anna in users\r\n",
    );
    expect(program.raw).not.toMatch(/[hunter2ä*]{3,}\r/);
    expect(await accepts(folder.join("users"), "anna", "hunter2 ä")).toBe(true);
  });

  test("lets what was typed be corrected", async () => {
    using folder = new TemporaryFolder();
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(FIRST);
    await program.type(`wrong${CTRL_U}hunter3😀${BACKSPACE}${BACKSPACE}${LEFT}\t2`, SECOND);
    await program.type("hunter2", /Added anna/);
    expect(await program.process.exited).toBe(0);
    expect(await accepts(folder.join("users"), "anna", "hunter2")).toBe(true);
  });

  test("takes what was typed ahead", async () => {
    using folder = new TemporaryFolder();
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(FIRST);
    program.press("hunter2\rhunter2\r");
    expect(await program.process.exited).toBe(0);
    await program.waitFor(/Added anna/);
    expect(program.screen).not.toContain("hunter2");
    expect(await accepts(folder.join("users"), "anna", "hunter2")).toBe(true);
  });

  test("changes nothing where the two differ, or the first can be none", async () => {
    using folder = new TemporaryFolder();
    await using differ = new TerminalProgram(ADD, folder.path);
    await differ.waitFor(FIRST);
    await differ.type("hunter2", SECOND);
    await differ.type("hunter3", /The two passwords differ: nothing was changed/);
    expect(await differ.process.exited).toBe(1);
    await using empty = new TerminalProgram(ADD, folder.path);
    await empty.waitFor(FIRST);
    await empty.type("", /The password is empty/);
    expect(await empty.process.exited).toBe(2);
    for (const { screen } of [differ, empty]) expect(screen).not.toMatch(/hunter/);
    expect(existsSync(folder.join("users"))).toBe(false);
  });

  test.each([
    ["Ctrl-C", `hun${CTRL_C}`, 130],
    ["Ctrl-D at its start", CTRL_D, 1],
  ])("%s leaves, and changes nothing", async (_, keys, status) => {
    using folder = new TemporaryFolder();
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(FIRST);
    expect(program.echoes).toBe(false);
    program.press(keys);
    expect(await program.process.exited).toBe(status);
    expect(program.echoes).toBe(true);
    expect(program.screen).not.toContain("hun");
    expect(existsSync(folder.join("users"))).toBe(false);
  });

  test("changes no user whom somebody else adds while the password is typed", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(FIRST);
    expect((await sftpUser(["add", "anna", "--file", file], "theirs\n")).status).toBe(0);
    await program.type("mine", SECOND);
    await program.type("mine", /add --replace to change it/);
    expect(await program.process.exited).toBe(6);
    expect(await accepts(file, "anna", "theirs")).toBe(true);
  });

  test("asks for nothing where the user is there already", async () => {
    using folder = new TemporaryFolder();
    await sftpUser(["add", "anna", "--file", folder.join("users")], "secret\n");
    await using program = new TerminalProgram(ADD, folder.path);
    await program.waitFor(/add --replace to change it/);
    expect(await program.process.exited).toBe(6);
    expect(program.screen).not.toContain("Password");
  });
});
