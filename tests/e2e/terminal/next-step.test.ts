import { expect, test } from "bun:test";
import { write, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { KEY, promptWith, startTyping } from "../../support/typing.ts";

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";

test.each([
  ["GET none", /^GET none: There is no file none \(on the server\): LS lists what is there$/m],
  ["PUT none", /^PUT none: There is no file none \(on this side\): LLS lists what is there$/m],
  [
    "MV a b",
    /^MV a: b exists already \(on the server\): RM removes it, if it is to be\s+replaced$/m,
  ],
])("whoever types %s is told what to do next; a script is not", async (line, expected) => {
  using folder = new TemporaryFolder();
  for (const name of ["a", "b"]) write(folder.join("server", name), name);
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press(`${line}\r`);
  await shell.shows(expected);
  const script = await connect(folder.join("client"), server.port, line);
  expect(script.stderr).toMatch(/\((?:on this side|on the server)\)\n/);
});

test("a server that goes while nothing is asked of it is told of, with what to type", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("GET half");
  await shell.standsAt(promptWith(server.port, "GET half"));
  await server.stop("SIGTERM");
  await shell.shows(
    / is lost: the server left: The server shuts down:\s+OPEN\s+connects\s+again$/m,
  );
  // What was being typed is still there.
  await shell.standsAt(promptWith(undefined, "GET half"));
  shell.press(KEY.ctrlU);
  await shell.standsAt(promptWith(undefined));
});

test("a transfer that has failed for want of a connection goes on behind OPEN", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("server/big"), 2 * 1024 * 1024);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await FaultyProxy.start(server.port, {
    toClient: { afterContent: 1024 * 1024, do: "cut" },
  });
  await using shell = startTyping(folder, String(proxy.port), "--retries", "0");
  await shell.standsAt(promptWith(proxy.port));
  shell.press("GET big\r");
  await shell.shows(
    /^GET big: [^>]* lost: [^>]*:\s+OPEN,\s+and\s+the\s+same\s+again\s+goes\s+on\s+from\s+there$/m,
  );
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${proxy.port}\rGET big\r`);
  await shell.shows(/^GET big: 2\.0 MiB .* of it from an earlier try, verified$/m);
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
