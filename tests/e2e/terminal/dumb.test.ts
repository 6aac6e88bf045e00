import { expect, test } from "bun:test";
import { write } from "../../support/files.ts";
import { BINARY, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SeenProgram } from "../../support/seen.ts";
import { KEY, promptWith, typingEnvironment } from "../../support/typing.ts";

const BACKSPACE = "\u007f";
const CTRL_W = "\u0017";

test("on a terminal that obeys nothing a line can be corrected and completed, without an escape", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/welcome.txt"), "welcome");
  write(folder.join("server/world.txt"), "world");
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using shell = new SeenProgram(
    [BINARY, "connect", String(port), "--root", folder.join("client")],
    { cwd: folder.path, env: { ...typingEnvironment(folder), TERM: "dumb" } },
  );
  await shell.standsAt(promptWith(port));
  shell.press(`PWQ${BACKSPACE}D日本e\u0301${BACKSPACE.repeat(3)}`);
  await shell.standsAt(promptWith(port, "PWD"));
  shell.press(` too much${CTRL_W}${CTRL_W}`);
  await shell.standsAt(promptWith(port, "PWD "));
  shell.press(KEY.enter);
  await shell.shows(/> PWD *\n\/\n/);
  await shell.standsAt(promptWith(port));
  // What is taken back is not run.
  for (const key of [KEY.ctrlC, KEY.ctrlU]) {
    shell.press("nonsense");
    await shell.standsAt(promptWith(port, "nonsense"));
    shell.press(key);
    await shell.standsAt(promptWith(port));
  }
  shell.press(`GET w${KEY.tab}`);
  await shell.shows(/^welcome\.txt +world\.txt$/m);
  await shell.standsAt(promptWith(port, "GET w"));
  shell.press("e");
  await shell.standsAt(promptWith(port, "GET we"));
  shell.press(KEY.tab);
  await shell.standsAt(promptWith(port, "GET welcome.txt "));
  await server.stop();
  await shell.shows(/ is lost: /);
  await shell.standsAt(promptWith(undefined, "GET welcome.txt "));
  shell.press(`${KEY.ctrlC}${KEY.ctrlD}`);
  expect(await shell.process.exited).toBe(0);
  expect(shell.raw).not.toContain("\u001b");
  expect(shell.text).not.toContain("There is no command");
});
