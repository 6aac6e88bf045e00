import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { read, write, writeRandom } from "../../support/files.ts";
import { listenAnywhere, portOf } from "../../support/ports.ts";
import { BINARY, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { SeenProgram } from "../../support/seen.ts";
import { SilentServer } from "../../support/silent-server.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { KEY, promptWith, startTyping, typeLine, typingEnvironment } from "../../support/typing.ts";

const MIB = 1024 * 1024;
/** Has a terminal mark what is pasted. */
const PASTE_MARKED = "\u001b[?2004h";
/** Nothing is marked any more behind this. */
// oxlint-disable-next-line no-control-regex
const PASTE_UNMARKED_LAST = /\u001b\[\?2004l(?![^]*\u001b\[\?2004h)/;

test("the first Ctrl-C gives up an OPEN that nobody answers, and the shell goes on", async () => {
  using folder = new TemporaryFolder();
  await using silent = await SilentServer.start("greeting");
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, "--timeout", "3600");
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${silent.port}\r`);
  await silent.heard;
  shell.press(KEY.ctrlC);
  await shell.shows(/OPEN \d+: Interrupted/);
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${server.port}\r`);
  await shell.standsAt(promptWith(server.port));
});

test.each([
  ["over TLS", "#Z5W6Hq5uZ5W6Hq5uZ5W6Hq5uZ5W6Hq5uZ5W6Hq5uZ5U"],
  ["in the clear", ""],
])("an OPEN that was given up %s leaves no connection behind", async (_, pin) => {
  using folder = new TemporaryFolder();
  const gone = Promise.withResolvers<void>();
  const came = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    // What a handshake begins with, or else nothing: the first line is awaited from the server.
    came.resolve();
    socket.on("error", () => undefined).on("close", () => gone.resolve());
    socket.resume();
  });
  await listenAnywhere(server);
  try {
    await using shell = startTyping(folder, "--timeout", "3600");
    await shell.standsAt(promptWith(undefined));
    shell.press(`OPEN 127.0.0.1:${portOf(server)}${pin}\r`);
    await came.promise;
    shell.press(KEY.ctrlC);
    await shell.shows(/OPEN .*: Interrupted/);
    await gone.promise;
    await shell.standsAt(promptWith(undefined));
  } finally {
    server.close();
  }
});

test("an OPEN that was given up asks for nothing behind the user's back", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"), ["--tls"], {
    env: { XDG_STATE_HOME: folder.join("server-state") },
  });
  const [, address = ""] = await server.waitFor(/sftp connect (\S+#\S+)/);
  await using proxy = await StallingProxy.start(server.port, { toClient: 1 });
  await using shell = startTyping(folder, "--timeout", "3600");
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${address.replace(/:\d+#/, `:${proxy.port}#`)}\r`);
  await proxy.stalled;
  shell.press(KEY.ctrlC);
  await shell.shows(/OPEN .*: Interrupted/);
  // The server goes on, and nobody is there any more who would be asked.
  proxy.release();
  await typeLine(shell, undefined, "LPWD");
  expect(shell.text).not.toContain("Token for");
  // Whoever is asked now has opened it now, with a whole handshake behind the other's.
  shell.press(`OPEN ${address}\r`);
  await shell.shows(/Token for /);
  expect(shell.text.match(/Token for /g)).toHaveLength(1);
});

test("a server that does not hear Ctrl-C is told of, and the second Ctrl-C says that it leaves", async () => {
  using folder = new TemporaryFolder();
  await using server = await SilentServer.start("LIST");
  await using shell = startTyping(folder, String(server.port), "--timeout", "3600");
  await shell.standsAt(promptWith(server.port));
  shell.press("LS\r");
  await server.heard;
  shell.press(KEY.ctrlC);
  await shell.shows(/^Cancelling… \(Ctrl-C again leaves\)$/m);
  shell.press(KEY.ctrlC);
  expect(await shell.process.exited).toBe(130);
  expect(shell.text).toContain("Left without waiting any longer.");
});

test.skipIf(Bun.which("bash") === null || Bun.which("setsid") === null)(
  "Ctrl-Z stops the shell, and fg goes on at the same line with the keys that it had",
  async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/welcome.txt"), "");
    await using server = await ServerProcess.start(folder.join("server"));
    const { port } = server;
    const env = { ...typingEnvironment(folder), PS1: "outside> " };
    await using bash = new SeenProgram(["setsid", "--ctty", "--wait", "bash", "--norc", "-i"], {
      cwd: folder.path,
      env,
    });
    await bash.standsAt("outside> ");
    bash.press(`${BINARY} connect ${port} --root client\r`);
    await bash.standsAt(promptWith(port));
    bash.press("LS -");
    await bash.standsAt(promptWith(port, "LS -"));
    bash.press(KEY.ctrlZ);
    await bash.shows(/Stopped/);
    await bash.standsAt("outside> ");
    bash.press("echo it is $((40 + 2))\r");
    await bash.shows(/it is 42/);
    await bash.standsAt("outside> ");
    bash.press("fg\r");
    await bash.standsAt(promptWith(port, "LS -"));
    bash.press("l\r");
    await bash.shows(/0 B .* welcome\.txt/);
    await bash.standsAt(promptWith(port));
    bash.press(`GET wel${KEY.tab}`);
    await bash.standsAt(promptWith(port, "GET welcome.txt "));
    bash.press(`${KEY.ctrlU}${KEY.ctrlD}`);
    await bash.standsAt("outside> ");
  },
);

test.skipIf(Bun.which("bash") === null || Bun.which("setsid") === null)(
  "Ctrl-Z in the middle of a GET takes the progress away, and fg brings both back",
  async () => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("server/big"), 2 * MIB);
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toClient: MIB });
    const env = { ...typingEnvironment(folder), PS1: "outside> " };
    await using bash = new SeenProgram(["setsid", "--ctty", "--wait", "bash", "--norc", "-i"], {
      cwd: folder.path,
      env,
    });
    await bash.standsAt("outside> ");
    bash.press(`${BINARY} connect ${proxy.port} --root client\r`);
    await bash.standsAt(promptWith(proxy.port));
    bash.press("GET big\r");
    await bash.shows(/^big .* stalled for/m);
    bash.press(KEY.ctrlZ);
    await bash.shows(/Stopped/);
    await bash.standsAt("outside> ");
    expect(bash.text).not.toMatch(/^big /m);
    // The terminal is as it was: what is typed is shown.
    bash.press("echo it is $((40 + 2))\r");
    await bash.shows(/it is 42/);
    await bash.standsAt("outside> ");
    bash.press("fg\r");
    await bash.shows(/^big .* stalled for/m);
    proxy.release();
    await bash.shows(/^GET big: 2\.0 MiB in .*, verified$/m);
    await bash.standsAt(promptWith(proxy.port));
    expect(bash.text).not.toMatch(/^big /m);
    expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
    bash.press(KEY.ctrlD);
    await bash.standsAt("outside> ");
  },
);

test.skipIf(Bun.which("bash") === null || Bun.which("setsid") === null)(
  "fg gives the terminal back to the !command that was stopped together with the shell",
  async () => {
    using folder = new TemporaryFolder();
    const env = { ...typingEnvironment(folder), PS1: "outside> " };
    await using bash = new SeenProgram(["setsid", "--ctty", "--wait", "bash", "--norc", "-i"], {
      cwd: folder.path,
      env,
    });
    await bash.standsAt("outside> ");
    bash.press(`${BINARY} connect --root client\r`);
    await bash.standsAt(promptWith(undefined));
    bash.press("!echo begun; cat\r");
    await bash.shows(/^begun$/m);
    bash.press(KEY.ctrlZ);
    await bash.shows(/Stopped/);
    await bash.standsAt("outside> ");
    const before = bash.raw.length;
    bash.press("fg\r");
    await bash.shows(/outside> fg\n.*sftp connect/);
    bash.press("typed\r");
    // As the terminal shows it, and as cat does.
    await bash.shows(/^typed\ntyped$/m);
    expect(bash.raw.slice(before)).not.toContain(PASTE_MARKED);
    bash.press(KEY.ctrlD);
    await bash.standsAt(promptWith(undefined));
    // The shell has its keys again.
    expect(bash.raw.slice(before)).toContain(PASTE_MARKED);
    bash.press(`HELP GE${KEY.tab}`);
    await bash.standsAt(promptWith(undefined, "HELP GET "));
  },
);

test.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s leaves the terminal as it was", async (signal, status) => {
  using folder = new TemporaryFolder();
  await using shell = new TerminalProgram(["connect"], folder.path);
  await shell.waitToSee(/^sftp>$/m);
  expect(shell.raw).toContain(PASTE_MARKED);
  expect(shell.echoes).toBe(false);
  shell.process.kill(signal);
  expect(await shell.process.exited).toBe(status);
  await shell.waitFor(PASTE_UNMARKED_LAST);
  expect(shell.echoes).toBe(true);
});
