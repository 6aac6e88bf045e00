import { expect, test } from "bun:test";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { KEY, promptWith, startTyping } from "../../support/typing.ts";

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";

test.each([
  ["GET none", /^GET none: There is no file none \(on the server\): LS lists what is there$/m],
  ["PUT none", /^PUT none: There is no file none \(on this side\): LLS lists what is there$/m],
])("whoever types %s is told how to see what there is; a script is not", async (line, expected) => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press(`${line}\r`);
  await shell.shows(expected);
  const script = await connect(folder.join("client"), server.port, line);
  expect(script.stderr).not.toContain("lists what is there");
});

test("a server that goes while nothing is asked of it is told of, with what to type", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("GET half");
  await shell.standsAt(promptWith(server.port, "GET half"));
  await server.stop("SIGTERM");
  await shell.shows(/ is lost: the server left: The server shuts down: OPEN connects\s+again$/m);
  // What was being typed is still there.
  await shell.standsAt(promptWith(undefined, "GET half"));
  shell.press(KEY.ctrlU);
  await shell.standsAt(promptWith(undefined));
});

test("a connection that is cut is told of in words", async () => {
  using folder = new TemporaryFolder();
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return GREETING;
    socket.resetAndDestroy();
    return "";
  });
  const ran = await connect(folder.join("client"), server.port, "LS");
  expect(ran.status).toBe(3);
  expect(ran.stderr).toContain(" is lost: the other side cut it\n");
});
