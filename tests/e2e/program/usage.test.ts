import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { BINARY, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";

describe("what is typed wrongly is told of with what was meant:", () => {
  test.each([
    [["serve", "--max-connections", "99999999"], "99999999 is too many: give at most 999999"],
    [["serve", "--retries", "-1"], "There is no flag --retries (sftp connect has it)"],
    [
      ["serve", "--root", "s3:/bucket/x"],
      "s3:/bucket/x is no place in a store: write s3://bucket/x",
    ],
    [["serve", "--root", "S3://bucket"], "write s3://bucket"],
    [["serve", "--s3-region", "eu"], "--s3-region is for a root in a store"],
    [["connect", "--read-only"], "There is no flag --read-only (sftp serve has it)"],
    [["serve", "--retires", "1"], "There is no flag --retires"],
    [
      ["connect", "12131", "LS"],
      "LS is typed in the shell, or given with -c: sftp connect 12131 -c LS",
    ],
    [["connect", "12131", "ls", "-l"], "sftp connect 12131 -c 'ls -l'"],
    [["connect", "lab", "GET", "a", "b"], "sftp connect lab -c 'GET a b'"],
  ])("%p", async (args, told) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toContain(told);
  });
});

test.each([
  [["--read-only"], {}, "Read only: nobody can change anything."],
  [[], { SFTP_READ_ONLY: "1" }, "Read only: nobody can change anything."],
  [["--no-overwrite"], {}, "Nobody can replace a file."],
  [["--no-delete"], {}, "Nobody can remove or move anything."],
  [["--no-delete", "--no-overwrite"], {}, "Nobody can replace a file, or remove or move anything."],
] as const)("a server says at its start what %p %p forbids", async (flags, env, told) => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.path, flags, { env });
  await server.waitFor(new RegExp(`^${told.replaceAll(".", "\\.")}$`, "m"));
});

describe("a program of another name, as beside OpenSSH's sftp,", () => {
  test("says what is to be typed by that name", async () => {
    using folder = new TemporaryFolder();
    const binary = folder.join("simple-sftp");
    symlinkSync(BINARY, binary);
    const told = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await run(args, { binary });
      return stdout + stderr;
    };
    const help = await told();
    expect(help).toContain("  simple-sftp serve --port 12000 ");
    expect(await told("connect", "--help")).toContain("Usage: simple-sftp connect [FLAGS]");
    expect(await told("serve", "--prot")).toContain(": see simple-sftp serve --help\n");
    expect(await told("connect", "12131", "LS")).toContain(": simple-sftp connect 12131 -c LS\n");
    expect(await told("12131")).toContain("did you mean simple-sftp connect 12131?");
    expect(await told("--version")).toStartWith("sftp ");
    for (const text of [help, await told("serve", "--help"), await told("user", "--help")]) {
      expect(text).not.toMatch(/(?<!simple-)sftp (?:serve|connect|user|help)/);
    }
    await using server = await ServerProcess.start(folder.join("server"), [], { binary });
    expect(server.log).toContain(` Connect with: simple-sftp connect ${server.port}\n`);
    const secure = ["--host", "0.0.0.0"];
    await using other = await ServerProcess.start(folder.join("other"), secure, { binary });
    await other.waitFor(/^Connect with: simple-sftp connect \S+#/m);
  });
});

test.each(["serve --port 0", "connect -c LPWD"])(
  "sftp %s, where the system allows too few open files, says which limit it is",
  async (args) => {
    using folder = new TemporaryFolder();
    const line = `ulimit -n 20 && exec ${BINARY} ${args}`;
    const child = Bun.spawn(["sh", "-c", line], {
      cwd: folder.path,
      stdout: "ignore",
      stderr: "pipe",
    });
    const told = await new Response(child.stderr).text();
    expect(told).toBe(
      "sftp: The system allows only 20 open files: raise that with ulimit -n 4096\n",
    );
    expect(await child.exited).toBe(1);
  },
);
