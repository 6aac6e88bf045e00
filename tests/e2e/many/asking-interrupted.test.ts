import { expect, test } from "bun:test";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { writeTree } from "../../support/trees.ts";

const CTRL_C = "\u0003";

test("Ctrl-C at the first question ends its line, and says nothing of going on", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("server"), { a: "a", b: "b" });
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(/> [^\n]*$/);
  await shell.type("mget -i a b", /MGET|GET a\? [^\n]*\[yes\] [^\n]*$/);
  await shell.waitToSee(/GET a\? .*\[yes\]$/m);
  shell.press(CTRL_C);
  await shell.waitToSee(/Interrupted[^]*>$/m);
  const lines = shell.seen.split("\n");
  const question = lines.findIndex((line) => line.startsWith("GET a?"));
  expect(lines.slice(question).map((line) => line.trimEnd())).toEqual([
    "GET a? (yes, no, all, quit) [yes]",
    "MGET a: Interrupted",
    `sftp 127.0.0.1:${server.port}>`,
  ]);
});

test("Ctrl-C at a later question says what moves the rest", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("server"), { a: "a", b: "b" });
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(/> [^\n]*$/);
  shell.press("mget -i a b\r");
  await shell.waitToSee(/GET a\? .*\[yes\]$/m);
  shell.press("y\r");
  await shell.waitToSee(/GET b\? .*\[yes\]$/m);
  shell.press(CTRL_C);
  await shell.waitToSee(
    /^MGET a: Interrupted(?:: 1 file is there)?; MGET -u -i a b moves only the rest\n/m,
  );
});
