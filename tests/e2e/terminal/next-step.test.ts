import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { write, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { KEY, promptWith, startTyping } from "../../support/typing.ts";

/** A message, wherever the terminal's width breaks it. */
function unfolded(message: string): RegExp {
  const words = message.split(" ").map((word) => RegExp.escape(word));
  return new RegExp(words.join("\\s+"));
}

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";

test.each([
  ["GET none", /^GET none: There is no file none \(on the server\); LS lists what is there$/m],
  ["PUT none", /^PUT none: There is no file none \(on this side\); LLS lists what is there$/m],
  [
    "MV a b",
    /^MV a: b exists already \(on the server\); RM removes it, if it is to be\s+replaced$/m,
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

test.each([
  [["--read-only"], "PUT a", "The server's --read-only does not allow storing files"],
  [["--no-delete"], "RM a", "The server's --no-delete does not allow removing"],
  [["--no-delete"], "MV a b", "The server's --no-delete does not allow moving"],
])(
  "with %p %s is refused in words of the shell, with what can be done",
  async (flags, line, why) => {
    using folder = new TemporaryFolder();
    for (const side of ["server", "client"]) write(folder.join(side, "a"), "a");
    await using server = await ServerProcess.start(folder.join("server"), flags);
    await using shell = startTyping(folder, String(server.port));
    await shell.standsAt(promptWith(server.port));
    shell.press(`${line}\r`);
    const [verb] = line.split(" ");
    await shell.shows(unfolded(`${verb} a: ${why}; whoever runs the server can allow it`));
  },
);

test("a limit is told in sizes as people read them, with what can be done", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/a"), Buffer.alloc(9000));
  write(folder.join("client/b"), Buffer.alloc(13_000));
  const flags = ["--quota", "16000", "--max-file", "12000", "--no-overwrite"];
  await using server = await ServerProcess.start(folder.join("server"), flags);
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  shell.press("PUT b\r");
  await shell.shows(
    unfolded(
      "PUT b: b is too large: a file may have 11.7 KiB (on the server); whoever runs the server sets how large",
    ),
  );
  shell.press("PUT a\rPUT a c\r");
  await shell.shows(
    unfolded(
      "PUT a: c needs 8.8 KiB more, and the quota leaves 6.8 KiB (on the server); RM makes room, or whoever runs the server",
    ),
  );
  shell.press("PUT a\r");
  await shell.shows(unfolded("replacing it (on the server); choose another name, or ask whoever"));
});

test.each([
  [
    "RM ln",
    "and links are not followed (on the server); whoever runs the server can remove it there",
  ],
  ["MIRROR a", "MIRROR a: a is a file, no folder; GET a gets it"],
  ["MIRROR -R c", "MIRROR c: c is a file, no folder; PUT c sends it"],
  ["GET * data2", "data2 is taken for a source: data2/ makes a folder for all of them"],
])("%s is told of with what was meant", async (line, told) => {
  using folder = new TemporaryFolder();
  for (const name of ["a", "b"]) write(folder.join("server", name), name);
  write(folder.join("client/c"), "c");
  symlinkSync("folder", folder.join("server/ln"));
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press(`${line}\r`);
  await shell.shows(unfolded(told));
});

test("a name that says what a server might say leads to no wrong step", async () => {
  using folder = new TemporaryFolder();
  const rule = "x does not allow y";
  const server = "The server.txt";
  const link = "this is a link, too large: yes";
  for (const name of [rule, server, link, "a"]) write(folder.join("server", name), "");
  mkdirSync(folder.join("server/f", link), { recursive: true });
  write(folder.join("server/f", link, "a"), "");
  await using served = await ServerProcess.start(folder.join("server"));
  const { port } = served;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  shell.press(`MV a '${rule}'\r`);
  await shell.shows(unfolded(`${rule} exists already (on the server); RM removes it`));
  await shell.standsAt(promptWith(port));
  shell.press(`MKDIR '${server}'\r`);
  await shell.shows(unfolded(`${server} exists already (on the server)`));
  await shell.standsAt(promptWith(port));
  shell.press(`RM '${link}/a'\r`);
  await shell.shows(/^RM this.*\(on\s+the\s+server\)$/m);
  await shell.standsAt(promptWith(port));
  expect(shell.text).not.toContain("whoever runs");
});

test("where the name that is refused is the source's, no other name for the target is shown", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("PUT .sftp-staging\r");
  await shell.shows(/unfinished\s+transfers\s+\(on\s+this\s+side\)$/m);
  await shell.standsAt(promptWith(server.port));
});

test("for a name that is not allowed another is shown", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/a:b"), "");
  write(folder.join("server/c:d e"), "");
  write(folder.join("server/con"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("PUT a:b\r");
  await shell.shows(unfolded("a colon (on the server); PUT a:b a-b gives it another"));
  shell.press("GET 'c:d e'\r");
  await shell.shows(unfolded("a colon (on this side); GET 'c:d e' 'c-d e' gives it another"));
  shell.press("GET con\r");
  await shell.shows(unfolded("on Windows (on this side); GET con NAME gives it another"));
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
    / is lost: the server left \(The server shuts down\);\s+OPEN\s+127[.]0[.]0[.]1:\d+\s+connects\s+again$/m,
  );
  // What was being typed is still there.
  await shell.standsAt(promptWith(undefined, "GET half"));
  shell.press(KEY.ctrlU);
  await shell.standsAt(promptWith(undefined));
});

test("a connection that was closed for idling is told of as that, and how to go on", async () => {
  using folder = new TemporaryFolder();
  const flags = ["--idle-timeout", "1"];
  await using server = await ServerProcess.start(folder.join("server"), flags);
  await server.waitFor(/Shells in which nothing is typed are closed after 1\.00 s: /);
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  await shell.shows(
    unfolded(`is lost: nothing was done for longer than the server waits (No request for`),
  );
  await shell.shows(unfolded(`OPEN 127.0.0.1:${server.port} connects again`));
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN 127.0.0.1:${server.port}\r`);
  await shell.standsAt(promptWith(server.port));
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
    /^GET big: [^>]* lost: [^>]*;\s+OPEN,\s+and\s+the\s+same\s+again\s+goes\s+on\s+from\s+there$/m,
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
