import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import {
  BINARY,
  cleanEnvironment,
  ClientProcess,
  connect,
  run,
  ServerProcess,
  TemporaryFolder,
} from "../support/programs.ts";
import { publishedUnder, read, write, writeRandom } from "../support/files.ts";
import { PlayedServer } from "../support/played-server.ts";
import { StallingProxy } from "../support/proxy.ts";
import { Transcript } from "../support/transcript.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";
/** Longer than any test may take: where it mattered, the test would be seen to hang. */
const PATIENT = ["--timeout", "3600"];
/** How many commands a script has: many times more than are run before it is interrupted. */
const COMMANDS = 20_000;

describe("a body that is given up", () => {
  test("is followed by no sign of life, however long the server takes to answer", async () => {
    using folder = new TemporaryFolder();
    // In lines of which there are not too many to be looked at.
    write(folder.join("client/a"), Buffer.alloc(32 * MIB, `${"x".repeat(65_535)}\n`));
    const behind: string[] = [];
    let ended = false;
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) return GREETING;
      // The client finds at the end that what it has read is not what there is.
      if (line.startsWith("PUT")) appendFileSync(folder.join("client/a"), "more");
      if (ended) behind.push(line);
      if (!line.startsWith("ABORT")) return line === "QUIT" ? "221\n" : "";
      ended = true;
      // Longer than it takes until a sign of life is due.
      setTimeout(() => socket.write("426 aborted Cancelled\n"), 6500);
      return "";
    });
    const ran = await connect(folder.join("client"), server.port, "PUT -f a", ...PATIENT);
    expect(ran.stderr).toContain("changed while it was read");
    expect(behind).toEqual(["QUIT"]);
  });
});

describe("one Ctrl-C", () => {
  test.each([
    ["PUT", "PUT a", /(?:PUT a: .*\n[^]*?){10}/],
    ["GET", "GET a b", /(?:GET a to b: .*\n[^]*?){10}/],
    ["LS", "LS a", /(?:^a\n[^]*?){10}/m],
  ])("ends a script of many small %s with 130", async (_, command, underWay) => {
    using folder = new TemporaryFolder();
    write(folder.join("server/a"), "x");
    write(folder.join("client/a"), "x");
    write(folder.join("commands"), `${command}\n`.repeat(COMMANDS));
    await using server = await ServerProcess.start(folder.join("server"));
    const args = [String(server.port), "-b", folder.join("commands")];
    await using client = ClientProcess.start(folder.join("client"), args);
    await client.waitFor(underWay);
    expect(await client.stop("SIGINT")).toBe(130);
    // Each is shown before it runs.
    expect(client.log.split("\n").length).toBeLessThan(COMMANDS);
  });

  test("ends a run with 130 also at a command that is forgiven", async () => {
    using folder = new TemporaryFolder();
    const asked = Promise.withResolvers<void>();
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return GREETING;
      if (line.startsWith("ABORT")) return "426 aborted Cancelled\n225\n";
      if (!line.startsWith("GET")) return "221\n";
      asked.resolve();
      return "150 size=100000 mtime=0 offset=0\n";
    });
    const args = [String(server.port), ...PATIENT, "-c", "-GET big; HELP GET"];
    await using client = ClientProcess.start(folder.join("client"), args);
    await asked.promise;
    expect(await client.stop("SIGINT")).toBe(130);
    expect(client.stdout).toBe("");
    expect(client.log).toContain("GET big: Interrupted\n");
  });
});

test("a second Ctrl-C ends with 130 where the server answers nothing", async () => {
  using folder = new TemporaryFolder();
  const asked = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING;
    if (line.startsWith("LIST")) asked.resolve();
    if (line.startsWith("ABORT")) cancelled.resolve();
    return "";
  });
  const args = [String(server.port), ...PATIENT, "-c", "LS"];
  await using client = ClientProcess.start(folder.join("client"), args);
  await asked.promise;
  client.process.kill("SIGINT");
  await cancelled.promise;
  expect(await client.stop("SIGINT")).toBe(130);
});

test("one Ctrl-C ends a script with 130 where the server answers nothing, and says what is not known", async () => {
  using folder = new TemporaryFolder();
  const asked = Promise.withResolvers<void>();
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING;
    if (line.startsWith("MKDIR")) asked.resolve();
    return "";
  });
  const args = [String(server.port), ...PATIENT, "-c", "MKDIR made"];
  await using client = ClientProcess.start(folder.join("client"), args);
  await asked.promise;
  expect(await client.stop("SIGINT")).toBe(130);
  expect(client.log).toContain("Interrupted: the server has not said what became of the command");
});

test("a connection that is lost between two commands ends a script with 3", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  await using client = ClientProcess.start(folder.join("client"), []);
  client.type(`OPEN ${server.port}`);
  await client.waitFor(/Connected to/);
  await server.stop("SIGKILL");
  await client.waitFor(/is lost/);
  client.type("GET x");
  expect(await client.ended()).toBe(3);
  expect(client.log).toContain(
    `GET x: Not connected any more: OPEN 127.0.0.1:${server.port} connects again\n`,
  );
});

test("SIGTERM during a GET ends it with 143, and the next GET goes on with what came", async () => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("server/big"), 8 * MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
  const flags = [String(proxy.port), "--json", "-c", "GET big"];
  {
    await using client = ClientProcess.start(folder.join("client"), flags);
    await proxy.stalled;
    expect(await client.stop("SIGTERM")).toBe(143);
  }
  expect(publishedUnder(folder.join("client"))).toEqual([]);
  proxy.release();
  const again = await run(["connect", "--root", folder.join("client"), ...flags]);
  expect(again.status).toBe(0);
  const [, reused] = /"event":"transferred".*"reused":(\d+)/.exec(again.stdout) ?? [];
  expect(Number(reused)).toBeGreaterThan(0);
  expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
});

test("--json at a terminal: nothing but JSON goes to a standard output that is none", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a"), "x");
  await using server = await ServerProcess.start(folder.join("server"));
  const screen = new Transcript();
  const terminal = new Bun.Terminal({
    cols: 120,
    rows: 40,
    data: (_, piece) => screen.add(Buffer.from(piece).toString("latin1")),
  });
  const script = '"$0" connect --json --root "$1" | cat > "$2"';
  const words = [BINARY, folder.join("client"), folder.join("out")];
  const shell = Bun.spawn(["/bin/sh", "-c", script, ...words], {
    terminal,
    env: cleanEnvironment({ TERM: "xterm" }),
  });
  try {
    await screen.waitFor(/sftp> /);
    terminal.write(`OPEN ${server.port}\r`);
    await screen.waitFor(/sftp 127\.0\.0\.1:\d+> /);
    terminal.write("GET a\r");
    await screen.waitFor(/GET a: .*verified/);
    terminal.write("QUIT\r");
    expect(await shell.exited).toBe(0);
  } finally {
    // The program goes with its terminal.
    terminal.close();
    await shell.exited;
  }
  const lines = readFileSync(folder.join("out"), "utf8").split("\n").slice(0, -1);
  const events = lines.map((line): unknown => JSON.parse(line));
  expect(events).toContainEqual(expect.objectContaining({ event: "transferred" }));
});

test("a remote name longer than any ends with 6, and the connection is used on", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a"), "x");
  await using server = await ServerProcess.start(folder.join("server"));
  const name = "é".repeat(1500);
  const alone = await connect(folder.join("client"), server.port, `GET ${name}`);
  expect(alone.status).toBe(6);
  const forgiven = await connect(folder.join("client"), server.port, `-GET ${name}; LS`);
  expect(forgiven).toMatchObject({ status: 0, stdout: "a\n" });
  expect(forgiven.stderr).not.toContain("lost");
});
