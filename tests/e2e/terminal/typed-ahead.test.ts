import { afterAll, describe, expect, test } from "bun:test";
import { filesUnder, read, write, writeRandom } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { SecureScene } from "../../support/secure.ts";
import { SilentServer } from "../../support/silent-server.ts";
import { KEY, promptWith, startTyping } from "../../support/typing.ts";

const MIB = 1024 * 1024;
/** As a password may be: it begins with a command. */
const EARLY = "quit s3cret-too-early";

const scene = await SecureScene.start(["--tls"]);
afterAll(() => scene[Symbol.asyncDispose]());

/** What a shell has kept of what was typed. */
function kept(folder: TemporaryFolder): string {
  return read(folder.join("state/sftp/history"))?.toString() ?? "";
}

describe("a secret that is typed before it is asked for is dropped,", () => {
  test.each([
    ["as a whole line", `${EARLY}\r`],
    ["without its end", EARLY],
    ["with more lines behind it", `${EARLY}\r${EARLY}\rLPWD`],
  ])("%s", async (_, early) => {
    using folder = new TemporaryFolder();
    await using proxy = await StallingProxy.start(scene.port, { toClient: 1 });
    await using shell = startTyping(folder, "--json");
    await shell.standsAt(promptWith(undefined));
    shell.press(`OPEN 127.0.0.1:${proxy.port}#${scene.pin}\r`);
    await proxy.stalled;
    await shell.pressUnseen(early);
    proxy.release();
    await shell.standsAt(/^Token for .*: $/);
    shell.press(`${scene.token}\r`);
    await shell.standsAt(promptWith(proxy.port));
    // What came ahead would have its turn before this.
    shell.press("PWD\r");
    await shell.shows(/> PWD\n/);
    await shell.standsAt(promptWith(proxy.port));
    expect(shell.raw).not.toContain("s3cret");
    expect(shell.raw).not.toContain('"failed"');
    expect(kept(folder)).not.toContain("s3cret");
    shell.press(KEY.up);
    await shell.standsAt(promptWith(proxy.port, "PWD"));
    shell.press(KEY.up);
    await shell.standsAt(/> OPEN .*$/);
  });

  test.each([
    ["where connect opens an address and a prompt follows", [], `${EARLY}\r`],
    ["where connect opens an address for commands", ["-c", "PWD"], `${EARLY}\r`],
    ["where connect opens an address for commands, without its end", ["-c", "PWD"], EARLY],
  ])("%s", async (_, flags, early) => {
    using folder = new TemporaryFolder();
    await using proxy = await StallingProxy.start(scene.port, { toClient: 1 });
    await using shell = startTyping(folder, `127.0.0.1:${proxy.port}#${scene.pin}`, ...flags);
    await proxy.stalled;
    if (flags.length === 0) {
      await shell.pressUnseen(early);
    } else {
      shell.press(early);
      await shell.shows(/s3cret/);
    }
    proxy.release();
    await shell.standsAt(/Token for .*: $/);
    shell.press(`${scene.token}\r`);
    if (flags.length > 0) {
      expect(await shell.process.exited).toBe(0);
    } else {
      await shell.standsAt(promptWith(proxy.port));
      // With -c the terminal itself shows what is typed while nobody reads it.
      expect(shell.raw).not.toContain("s3cret");
    }
  });

  test("where it is asked for in the end by nobody", async () => {
    using folder = new TemporaryFolder();
    await using silent = await SilentServer.start("greeting");
    await using shell = startTyping(folder, "--json", "--timeout", "2");
    await shell.standsAt(promptWith(undefined));
    shell.press(`OPEN ${silent.port}\r`);
    await silent.heard;
    await shell.pressUnseen(`${EARLY}\r`);
    await shell.shows(/OPEN \d+: .*2 s/);
    await shell.standsAt(promptWith(undefined));
    shell.press("LPWD\r");
    await shell.shows(/> LPWD\n/);
    await shell.standsAt(promptWith(undefined));
    expect(shell.raw).not.toContain("s3cret");
    expect(kept(folder)).not.toContain("s3cret");
  });

  test("where the key of the server is asked about", async () => {
    using folder = new TemporaryFolder();
    await using proxy = await StallingProxy.start(scene.port, { toClient: 1 });
    await using shell = startTyping(folder);
    await shell.standsAt(promptWith(undefined));
    shell.press(`OPEN token@127.0.0.1:${proxy.port}\r`);
    await proxy.stalled;
    // Nobody agrees to what they have not seen yet.
    await shell.pressUnseen("y\r");
    proxy.release();
    await shell.standsAt(/^Go on\? \(y\/N\): $/);
    shell.press("y\r");
    await shell.standsAt(/^Token for .*: $/);
    expect(shell.text).not.toMatch(/> y$/m);
  });
});

test("what is typed while a command runs is kept only where it is a command", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("server/big"), 2 * MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: MIB });
  await using shell = startTyping(folder, String(proxy.port));
  await shell.standsAt(promptWith(proxy.port));
  shell.press("GET big\r");
  await proxy.stalled;
  await shell.pressUnseen("s3cret-too-early\rLPWD\rHELP ");
  proxy.release();
  await shell.standsAt(promptWith(proxy.port, "HELP "));
  expect(kept(folder)).toBe("GET big\nLPWD\n");
  shell.press(`${KEY.ctrlU}${KEY.up}`);
  await shell.standsAt(promptWith(proxy.port, "LPWD"));
  shell.press(KEY.up);
  await shell.standsAt(promptWith(proxy.port, "GET big"));
});

test("Ctrl-C drops what was typed behind the command that it ends", async () => {
  using folder = new TemporaryFolder();
  await using server = await SilentServer.start("LIST");
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("LS\r");
  await server.heard;
  await shell.pressUnseen(`s3cret-too-early\rLPWD\r${KEY.ctrlC}`);
  await shell.shows(/Cancelling…/);
  shell.press(KEY.ctrlC);
  expect(await shell.process.exited).toBe(130);
  expect(kept(folder)).toBe("LS\n");
  expect(shell.raw).not.toContain("s3cret");
});

test("lines that are pasted are shown once, each at its prompt", async () => {
  using folder = new TemporaryFolder();
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press("LLS\rLPWD\r-xyzzy\rHELP GE");
  await shell.standsAt(promptWith(undefined, "HELP GE"));
  const client = folder.join("client").replaceAll(".", String.raw`\.`);
  expect(shell.text).toMatch(
    new RegExp(`sftp> LLS\n.* is empty.\nsftp> LPWD\n${client}\nsftp> -xyzzy\n.*\nsftp> HELP GE$`),
  );
  // It is a line like any other.
  shell.press(`T${KEY.enter}`);
  await shell.shows(/GET remote/);
});

test("Ctrl-C that comes together with a line ends its command, and the shell stays", async () => {
  using folder = new TemporaryFolder();
  await using silent = await SilentServer.start("greeting");
  await using shell = startTyping(folder, "--timeout", "3600");
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${silent.port}\r${KEY.ctrlC}`);
  await shell.shows(/OPEN \d+: Interrupted/);
  await shell.standsAt(promptWith(undefined));
});

test("what is typed while connect opens its address is shown and run at the first prompt", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: 1 });
  await using shell = startTyping(folder, String(proxy.port));
  await proxy.stalled;
  await shell.pressUnseen("PWD\rHELP ");
  proxy.release();
  await shell.standsAt(promptWith(proxy.port, "HELP "));
  expect(shell.text).toMatch(/^Connected to .*\.\nLS lists .*\n.*> PWD\n\/\n.*> HELP$/);
});

test("Ctrl-C while connect opens its address leads to the prompt", async () => {
  using folder = new TemporaryFolder();
  await using silent = await SilentServer.start("greeting");
  await using shell = startTyping(folder, String(silent.port), "--timeout", "3600");
  await silent.heard;
  shell.press(KEY.ctrlC);
  await shell.shows(/^OPEN \d+: Interrupted$/m);
  await shell.standsAt(promptWith(undefined));
  shell.press(KEY.ctrlD);
  expect(await shell.process.exited).toBe(0);
});

test("answers that are pasted behind a command answer its questions, in their order", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["a", "b", "c"]) write(folder.join("server", name), name);
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press("MGET -i a b c\rn\ry\rno\rLPWD\r");
  await shell.shows(/> LPWD\n\S+\/client\n/);
  await shell.standsAt(promptWith(server.port));
  expect(filesUnder(folder.join("client"))).toEqual(["b"]);
  expect(kept(folder)).toBe("MGET -i a b c\nLPWD\n");
});
