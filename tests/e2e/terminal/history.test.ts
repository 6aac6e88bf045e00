import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { read, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { KEY, promptWith, startTyping, typeLine } from "../../support/typing.ts";

const FILE = "state/sftp/history";

function kept(folder: TemporaryFolder): string[] {
  return (read(folder.join(FILE))?.toString() ?? "").split("\n").slice(0, -1);
}

test("what was typed is there in the next session, though the first was killed", async () => {
  using folder = new TemporaryFolder();
  {
    await using shell = startTyping(folder);
    await typeLine(shell, undefined, "LLS");
    await typeLine(shell, undefined, "LPWD");
    await typeLine(shell, undefined, "LPWD");
    await typeLine(shell, undefined, " HELP GET");
    shell.process.kill("SIGKILL");
    await shell.process.exited;
  }
  expect(kept(folder)).toEqual(["LLS", "LPWD"]);
  expect(statSync(folder.join(FILE)).mode & 0o777).toBe(0o600);
  expect(statSync(folder.join("state/sftp")).mode & 0o777).toBe(0o700);

  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press(KEY.up);
  await shell.standsAt(promptWith(undefined, "LPWD"));
  shell.press(KEY.up);
  await shell.standsAt(promptWith(undefined, "LLS"));
});

test("two shells at once lose nothing of each other, also where the file is shortened", async () => {
  using folder = new TemporaryFolder();
  const old = Array.from({ length: 1000 }, (_, index) => `HELP ${index}`);
  write(folder.join(FILE), `${old.join("\n")}\n`);
  chmodSync(folder.join(FILE), 0o644);
  await using one = startTyping(folder);
  await using two = startTyping(folder);
  await typeLine(one, undefined, "LLS 'of one'");
  await typeLine(two, undefined, "LLS 'of two'");
  await Promise.all([typeLine(one, undefined, "LPWD"), typeLine(two, undefined, "STATUS")]);
  const lines = kept(folder);
  expect(lines).toHaveLength(1000);
  expect(lines.slice(0, 1)).toEqual(["HELP 4"]);
  expect(lines.slice(-4).toSorted()).toEqual(["LLS 'of one'", "LLS 'of two'", "LPWD", "STATUS"]);
  expect(statSync(folder.join(FILE)).mode & 0o777).toBe(0o600);
});

test("a token, an answer, and what was typed before it was asked for, are never kept", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a.txt"), "a");
  write(folder.join("server/b.txt"), "b");
  await using server = await ServerProcess.start(folder.join("server"), ["--tls"], {
    env: { XDG_STATE_HOME: folder.join("server-state") },
  });
  const token = read(folder.join("server-state/sftp/token"))?.toString().trim() ?? "";
  expect(token.length).toBeGreaterThan(10);
  const [, address = ""] = await server.waitFor(/sftp connect (\S+#\S+)/);
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${address}\r`);
  await shell.standsAt(/^Token for .*: $/);
  shell.press(`${token}\r`);
  await shell.standsAt(promptWith(server.port));
  shell.press("MGET -i *.txt\r");
  await shell.standsAt(/^GET [ab]\.txt\? .*\[yes\] $/);
  shell.press("no\r");
  await shell.shows(/\] no\nGET [ab]\.txt\? .*\[yes\]$/);
  // An answer that is a command as well.
  shell.press("quit\r");
  await shell.standsAt(promptWith(server.port));
  shell.press(KEY.ctrlD);
  expect(await shell.process.exited).toBe(0);
  const lines = kept(folder);
  expect(lines).toEqual([`OPEN ${address}`, "MGET -i *.txt"]);
  expect(shell.text).not.toContain(token);
});

test("a state folder that cannot be written to keeps nobody from typing", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("state/sftp"), "a file stands in the way");
  await using shell = startTyping(folder);
  await typeLine(shell, undefined, "LPWD");
  shell.press(KEY.up);
  await shell.standsAt(promptWith(undefined, "LPWD"));
  expect(shell.text).not.toContain("internal error");
});

test("a history that others wrote shows nothing that a terminal would obey, and is closed to them", async () => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.join("state/sftp"), { recursive: true });
  write(folder.join(FILE), "LLS\nHELP \u001b]0;owned\u0007\n");
  chmodSync(folder.join(FILE), 0o644);
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press(KEY.up);
  await shell.standsAt(promptWith(undefined, "LLS"));
  expect(shell.raw).not.toContain("owned");
  shell.press(KEY.ctrlU);
  await typeLine(shell, undefined, "LPWD");
  expect(statSync(folder.join(FILE)).mode & 0o777).toBe(0o600);
});

test("Ctrl-R finds earlier lines letter by letter, and gives back what was typed", async () => {
  using folder = new TemporaryFolder();
  write(folder.join(FILE), "HELP GET\nLLS -l\nHELP PUT\nLPWD\n");
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press("abc");
  await shell.standsAt(promptWith(undefined, "abc"));
  shell.press(`${KEY.ctrlR}help`);
  await shell.standsAt("search 'help': HELP PUT");
  shell.press(KEY.ctrlR);
  await shell.standsAt("search 'help': HELP GET");
  shell.press("x");
  await shell.standsAt("not found 'helpx': ");
  shell.press(KEY.ctrlG);
  await shell.standsAt(promptWith(undefined, "abc"));
  shell.press(`${KEY.ctrlU}${KEY.ctrlR}lls`);
  await shell.standsAt("search 'lls': LLS -l");
  shell.press(KEY.ctrlC);
  await shell.standsAt(promptWith(undefined));
  shell.press(`${KEY.ctrlR}lpw`);
  await shell.standsAt("search 'lpw': LPWD");
  shell.press(KEY.enter);
  await shell.shows(/client\nsftp>$/);
});
