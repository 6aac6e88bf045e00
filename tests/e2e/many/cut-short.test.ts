import { describe, expect, test } from "bun:test";
import { writeRandom } from "../../support/files.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { ClientProcess, connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

const MIB = 1024 * 1024;
/** Files enough for several groups of small ones, and more than are sent before any is answered. */
const FILES = { get: 400, put: 2400 };
/** So many bytes pass: some of the files, not all. */
const PASSING = 250_000;
/** Files enough for a server to be killed in their midst. */
const MANY = 6000;

const NUMBERS = /([\d,]+) of ([\d,]+) files are there/;

function treeOf(folder: string, length: number): Record<string, string> {
  const names = Array.from({ length }, (_, index) => `${folder}/d${index % 7}/f${index}`);
  return Object.fromEntries(names.map((name) => [name, name.padEnd(2048, ".")]));
}

function numberOf(text = ""): number {
  return Number(text.replaceAll(",", ""));
}

function isSent(line: string): boolean {
  return line.startsWith("put") || line.includes(" -R ");
}

/** What ends a command in its middle. */
type End = "SIGINT" | "SIGTERM" | "SIGHUP" | "the server's";

/** Ends what a script does in its middle. Gives the exit status, and what people were told. */
async function cutShort(
  folder: TemporaryFolder,
  flags: readonly string[],
  end: End,
  { isSending, input = "" }: { readonly isSending: boolean; readonly input?: string },
) {
  await using server = await ServerProcess.start(folder.join("server"));
  const limits = isSending ? { toServer: PASSING } : { toClient: PASSING };
  await using proxy = await StallingProxy.start(server.port, limits);
  const args = [String(proxy.port), ...flags];
  await using client = ClientProcess.start(folder.join("client"), args);
  if (input !== "") client.type(input);
  await proxy.stalled;
  if (end === "the server's") await server.stop("SIGKILL");
  else client.process.kill(end);
  proxy.release();
  return { status: await client.ended(), log: client.log };
}

const STATUS: Readonly<Record<End, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
  "the server's": 3,
};

describe("a script that is cut short in many files says how far it came, and what moves the rest", () => {
  test.each([
    ["get -r many copy", "the server's", "MIRROR many copy", "client/copy"],
    ["get -r many copy", "SIGINT", "MIRROR many copy", "client/copy"],
    ["get -r many copy", "SIGTERM", "MIRROR many copy", "client/copy"],
    ["get -r many copy", "SIGHUP", "MIRROR many copy", "client/copy"],
    ["get -r many", "the server's", "GET -u -r many", "client/many"],
    ["mirror many copy", "the server's", "the same again", "client/copy"],
    ["put -r mine copy", "the server's", "MIRROR -R mine copy", "server/copy"],
    ["put -r mine", "SIGTERM", "PUT -u -r mine", "server/mine"],
  ] as const)("%s, and %s end", async (line, end, told, target) => {
    using folder = new TemporaryFolder();
    const isSending = isSent(line);
    const [verb, side, name] = isSending
      ? (["put", "client", "mine"] as const)
      : (["get", "server", "many"] as const);
    writeTree(folder.join("client"), {});
    writeTree(folder.join("server"), {});
    writeTree(folder.join(side), treeOf(name, FILES[verb]));
    const { status, log } = await cutShort(folder, ["-c", line], end, { isSending });
    expect(status).toBe(STATUS[end]);
    const what = end === "the server's" ? /: The connection to \S+ is lost: / : /: Interrupted/;
    expect(log).toMatch(what);
    expect(log).toContain(`; ${told} moves only the rest\n`);
    expect(log).not.toContain("OPEN");
    const [, there, total] = NUMBERS.exec(log) ?? [];
    // Of what is sent the server may not have told yet.
    if (!isSending || there !== undefined) {
      expect(numberOf(total)).toBe(FILES[verb]);
      expect(log).toContain(`: cut short: ${there} of ${total} files, `);
    }
    const again = told.startsWith("the same") ? line : told;
    await using server = await ServerProcess.start(folder.join("server"));
    const ran = await connect(folder.join("client"), server.port, again);
    expect(ran.status).toBe(0);
    expect(contentsOf(folder.join(target))).toEqual(contentsOf(folder.join(side, name)));
  });

  test("with the line that it stands in, with -b, and also with -q", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), treeOf("many", FILES.get));
    writeTree(folder.join("client"), {});
    writeTree(folder.path, { script: "pwd\nget -r many copy\n" });
    const flags = ["-q", "-b", folder.join("script")];
    const { status, log } = await cutShort(folder, flags, "SIGINT", { isSending: false });
    expect(status).toBe(130);
    expect(log).toMatch(
      /script line 2: GET many: Interrupted: \d+ of 400 files are there; MIRROR many copy moves only the rest\n$/,
    );
  });
});

describe("a script that is cut short in one file", () => {
  test.each([
    ["get big", "SIGINT", "Interrupted; the same again goes on from there"],
    ["get big", "SIGTERM", "Interrupted; the same again goes on from there"],
    ["get big", "SIGHUP", "Interrupted; the same again goes on from there"],
    ["get -f big", "SIGINT", "Interrupted; the same without -f goes on from there"],
    ["get big", "the server's", "connection; the same again goes on from there"],
    ["put mine", "SIGTERM", "Interrupted; the same again goes on from there"],
    // Whatever reads it, or has written it, is gone.
    ["get big -", "SIGINT", "GET big: Interrupted"],
    ["put - mine", "SIGTERM", "PUT -: Interrupted"],
  ] as const)("says how to go on: %s, and %s end", async (line, end, told) => {
    using folder = new TemporaryFolder();
    writeRandom(folder.join("server/big"), 8 * MIB);
    writeRandom(folder.join("client/mine"), 8 * MIB);
    const isSending = isSent(line);
    const input = line === "put - mine" ? { input: "x".repeat(MIB) } : {};
    const { status, log } = await cutShort(folder, ["-c", line], end, { isSending, ...input });
    expect(status).toBe(STATUS[end]);
    expect(log).toMatch(new RegExp(`^.*${told}$`, "m"));
  });
});

describe("a server that goes in the midst of many files, and does not come back", () => {
  test("is told of in scripts, and tried again as often as --retries says", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), treeOf("many", MANY));
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toClient: 3 * MIB });
    const { port } = proxy;
    const args = [String(port), "--retries", "1", "-c", "get -r many got"];
    await using client = ClientProcess.start(folder.join("client"), args);
    await proxy.stalled;
    // From now on nobody listens there.
    await proxy[Symbol.asyncDispose]();
    expect(await client.ended()).toBe(3);
    const [, there] = /: cut short: ([\d,]+) of 6,000 files, /.exec(client.log) ?? [];
    expect(client.log).toEndWith(
      `GET many: The connection was lost, and cannot be made again: Nobody listens at ` +
        `127.0.0.1:${port}: check the port, or start sftp serve; ${there} of 6,000 files ` +
        "are there; MIRROR many got moves only the rest\n",
    );
    expect(client.log.match(/\(\d of \d\)/g)).toEqual(["(1 of 1)"]);
  });

  test("is told of at a terminal as well", async () => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), treeOf("many", FILES.get));
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toClient: PASSING });
    await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path, {
      columns: 400,
    });
    await shell.waitFor(/> [^\n]*$/);
    shell.press("get -r many copy\r");
    await proxy.stalled;
    await server.stop("SIGKILL");
    await shell.waitToSee(
      /GET many: The connection to \S+ is lost: .*; \d+ of 400 files are there; OPEN, and MIRROR many copy moves only the rest$/m,
    );
  });
});
