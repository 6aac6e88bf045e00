import { expect, test } from "bun:test";
import { run } from "../../support/programs.ts";

test.each([
  [["user@host"], "sftp connect user@host:12000"],
  [["user@host:dir/file"], "sftp connect user@host:12000"],
  [["-P", "22", "user@host"], "sftp connect user@host:12000"],
  [["-i", "key", "anna@example.com"], "sftp connect anna@example.com:12000"],
  [["-oPort=22", "host"], "sftp connect HOST:12000"],
  [["-b", "batch", "u@h"], "sftp connect u@h:12000"],
  [["-r", "u@h:dir"], "sftp connect u@h:12000"],
  [["sftp://anna@host/dir"], "sftp connect anna@host:12000"],
  [["example.com"], "sftp connect example.com:12000"],
  [["192.0.2.1"], "sftp connect 192.0.2.1:12000"],
  [["host:dir"], "sftp connect host:12000"],
])("sftp %j explains itself: 2", async (args, meant) => {
  const ran = await run(args);
  expect(ran).toMatchObject({ status: 2, stdout: "" });
  expect(ran.stderr).toStartWith("sftp: ");
  expect(ran.stderr).toContain("OpenSSH's sftp is started, which speaks another protocol");
  expect(ran.stderr).toContain(meant);
});

test.each([
  [["servee"], "did you mean serve?"],
  [["--prot"], "There is no flag --prot"],
  [["-x"], "There is no flag -x"],
  [["connect", "user@host"], "user@host needs a port, such as user@host:12000"],
])("sftp %j is told as before: 2", async (args, told) => {
  const ran = await run(args);
  expect(ran).toMatchObject({ status: 2, stdout: "" });
  expect(ran.stderr).toContain(told);
});
