import { expect, test } from "bun:test";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { publishedUnder, read, write, writeRandom, writeSparse } from "../support/files.ts";
import { StallingProxy } from "../support/proxy.ts";
import { TerminalProgram } from "../support/terminal.ts";

const MIB = 1024 * 1024;
/** So large that Ctrl-C is heard long before the transfer could end. */
const HUGE = 1024 * MIB;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

/** The prompt at the end of what is shown. */
const PROMPT = /sftp> [^\n]*$/;
const promptAt = (port: number): RegExp => new RegExp(`sftp 127\\.0\\.0\\.1:${port}> [^\\n]*$`);

test("a session typed by a person: two servers, the five commands", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("one/welcome.txt"), "welcome");
  write(folder.join("two/other.txt"), "other");
  write(folder.join("client/hello.txt"), "hello");
  await using one = await ServerProcess.start(folder.join("one"));
  await using two = await ServerProcess.start(folder.join("two"));
  await using shell = new TerminalProgram(["connect"], folder.path);

  await shell.waitFor(PROMPT);
  expect(shell.screen).toContain("Type OPEN and a port to connect, or HELP.");
  await shell.type("get welcome.txt", PROMPT);
  expect(shell.screen).toContain("Not connected: use OPEN first, such as OPEN 12000");
  await shell.type(`open ${one.port}`, promptAt(one.port));
  expect(shell.screen).toContain(`Connected to 127.0.0.1:${one.port}.`);
  await shell.type("get welcome.txt", promptAt(one.port));
  expect(shell.screen).toMatch(/GET welcome\.txt: 7 B in .*, verified/);
  await shell.type("put hello.txt", promptAt(one.port));
  expect(shell.screen).toMatch(/PUT hello\.txt: 5 B in .*, verified/);
  await shell.type(`OPEN ${two.port}`, promptAt(one.port));
  expect(shell.screen).toContain(`Already connected to 127.0.0.1:${one.port}: use CLOSE first`);
  await shell.type("close", PROMPT);
  expect(shell.screen).toContain(`Closed the connection to 127.0.0.1:${one.port}.`);
  await shell.type(`open ${two.port}`, promptAt(two.port));
  await shell.type("get other.txt mine.txt", promptAt(two.port));
  await shell.type("get none.txt", promptAt(two.port));
  expect(shell.screen).toContain("GET none.txt: There is no file none.txt (on the server)");
  shell.press("quit\r");
  expect(await shell.process.exited).toBe(0);

  expect(read(folder.join("client/welcome.txt"))?.toString()).toBe("welcome");
  expect(read(folder.join("client/mine.txt"))?.toString()).toBe("other");
  expect(read(folder.join("one/hello.txt"))?.toString()).toBe("hello");
});

test("an address after connect opens it; one that fails leaves the shell usable", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(promptAt(server.port));
  await using lost = new TerminalProgram(["connect", "1"], folder.path);
  await lost.waitFor(PROMPT);
  expect(lost.screen).toContain("Nobody listens at 127.0.0.1:1");
  await lost.type(`OPEN ${server.port}`, promptAt(server.port));
});

test("what fails does not end the shell, and does not become its status", async () => {
  using folder = new TemporaryFolder();
  await using shell = new TerminalProgram(["connect"], folder.path);
  await shell.waitFor(PROMPT);
  await shell.type("xyzzy", PROMPT);
  await shell.type("get 'a", PROMPT);
  await shell.type("HELP", PROMPT);
  shell.press(CTRL_D);
  expect(await shell.process.exited).toBe(0);
});

test("Ctrl-C at the prompt clears the line, a second one on an empty line leaves", async () => {
  using folder = new TemporaryFolder();
  await using shell = new TerminalProgram(["connect"], folder.path);
  await shell.waitFor(PROMPT);
  let from = shell.press("GET something");
  await shell.waitFor(/something/, from);
  shell.press(CTRL_C);
  from = shell.press("HELP\r");
  await shell.waitFor(/OPEN \[host] port/, from);
  await shell.waitFor(PROMPT, from);
  expect(shell.screen).not.toContain("Not connected");

  shell.press(CTRL_C);
  await shell.waitFor(/Ctrl-C again, Ctrl-D or QUIT leaves\./);
  shell.press(CTRL_C);
  expect(await shell.process.exited).toBe(130);
});

test("Ctrl-C during a GET keeps shell and connection, and nothing partial", async () => {
  using folder = new TemporaryFolder();
  writeSparse(folder.join("server/big"), HUGE);
  write(folder.join("server/small"), "small");
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
  await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path);
  await shell.waitFor(promptAt(proxy.port));
  const from = shell.press("GET big\r");
  await proxy.stalled;
  shell.press(CTRL_C);
  proxy.release();
  await shell.waitFor(/GET big: Interrupted/, from);
  await shell.waitFor(promptAt(proxy.port), from);
  await server.waitFor(/GET big: 426/);
  await shell.type("GET small", promptAt(proxy.port));
  expect(shell.screen).toMatch(/GET small: 5 B in .*, verified/);
  expect(publishedUnder(folder.join("client"))).toEqual(["small"]);
  shell.press(CTRL_D);
  expect(await shell.process.exited).toBe(0);
  await server.waitFor(/disconnected \(closed by the client\)/);
  expect(server.log.match(/ connected/g)).toHaveLength(1);
});

test("Ctrl-C during a PUT keeps shell and connection, and nothing partial", async () => {
  using folder = new TemporaryFolder();
  writeSparse(folder.join("client/big"), HUGE);
  write(folder.join("client/small"), "small");
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toServer: 4 * MIB });
  await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path);
  await shell.waitFor(promptAt(proxy.port));
  const from = shell.press("PUT big\r");
  await proxy.stalled;
  shell.press(CTRL_C);
  proxy.release();
  await shell.waitFor(/PUT big: Interrupted/, from);
  await shell.waitFor(promptAt(proxy.port), from);
  await shell.type("PUT small", promptAt(proxy.port));
  expect(shell.screen).toMatch(/PUT small: 5 B in .*, verified/);
  await server.waitFor(/PUT big: 426/);
  expect(read(folder.join("server/big"))).toBeUndefined();
  expect(read(folder.join("server/small"))?.toString()).toBe("small");
});

test("a second Ctrl-C leaves at once, whatever is awaited", async () => {
  using folder = new TemporaryFolder();
  writeSparse(folder.join("server/big"), HUGE);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
  await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path);
  await shell.waitFor(promptAt(proxy.port));
  shell.press("GET big\r");
  await proxy.stalled;
  shell.press(CTRL_C);
  shell.press(CTRL_C);
  expect(await shell.process.exited).toBe(130);
  expect(publishedUnder(folder.join("client"))).toEqual([]);
});

test("Ctrl-D typed while a command runs lets it finish", async () => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("server/big"), 32 * MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
  await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path);
  await shell.waitFor(promptAt(proxy.port));
  shell.press("GET big\r");
  await proxy.stalled;
  shell.press(`HELP\r${CTRL_D}`);
  proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitFor(/Closed the connection to/);
  expect(shell.screen).toMatch(/GET big: 32\.0 MiB in .*, verified[^]*OPEN \[host] port/);
  expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
});

test("Ctrl-D with a connection closes it", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(promptAt(server.port));
  shell.press(CTRL_D);
  expect(await shell.process.exited).toBe(0);
  await server.waitFor(/disconnected \(closed by the client\)/);
});

test("a hostile name is shown without what a terminal would obey", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a\u001b]0;owned\u0007b"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(promptAt(server.port));
  await shell.type("LS", /a\\x1b\]0;owned\\x07b/);
  expect(shell.raw).not.toContain("\u0007");
});
