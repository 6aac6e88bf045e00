import { expect, test } from "bun:test";
import { write } from "../../support/files.ts";
import { BINARY, connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SeenProgram } from "../../support/seen.ts";
import { promptWith, startTyping, typeLine, typingEnvironment } from "../../support/typing.ts";

const HINT = "LS lists what is there, GET NAME fetches it, PUT NAME sends a file, HELP tells more.";

test("each screen says what to type next, from sftp alone to the first file", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/welcome.txt"), "welcome");
  const env = typingEnvironment(folder);
  const alone = await run([]);
  expect(alone.stdout).toContain("sftp serve --port 12000");

  await using serving = new SeenProgram([BINARY, "serve", "--port", "0"], {
    cwd: folder.path,
    env,
  });
  // The whole of it: the line ends, and another follows.
  await serving.shows(/^Connect with: sftp connect \d+\nCtrl-C stops it\.$/m);
  const port = Number(/sftp connect (\d+)/.exec(serving.text)?.[1]);

  await using shell = startTyping(folder);
  await shell.shows(/Type OPEN 12000 where sftp serve runs on this machine, or HELP\./);
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${port}\r`);
  await shell.standsAt(promptWith(port));
  expect(shell.text).toContain(HINT);
  await typeLine(shell, port, "LS");
  await typeLine(shell, port, "GET welcome.txt");
  expect(shell.text).toMatch(/GET welcome\.txt: 7 B in .*, verified/);
  shell.press("QUIT\r");
  expect(await shell.process.exited).toBe(0);
  serving.process.kill("SIGINT");
  expect(await serving.process.exited).toBe(0);
});

test("the hint comes once in a session, and never to a script", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("CLOSE\r");
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${server.port}\r`);
  await shell.standsAt(promptWith(server.port));
  expect(shell.text.split(HINT)).toHaveLength(2);
  const script = await connect(folder.join("client"), server.port, "LS");
  expect(script.stderr).not.toContain("LS lists");
});
