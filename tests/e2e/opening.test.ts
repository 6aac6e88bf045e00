import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { filesUnder, until, write } from "../support/files.ts";
import { PlayedServer } from "../support/played-server.ts";
import {
  BINARY,
  cleanEnvironment,
  ClientProcess,
  run,
  ServerProcess,
  TemporaryFolder,
} from "../support/programs.ts";
import { SecureScene } from "../support/secure.ts";
import { TerminalProgram } from "../support/terminal.ts";

/** Longer than any test may take: where it mattered, the test would be seen to hang. */
const PATIENT = ["--timeout", "3600"];
const OTHER_PIN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

/** A server that takes connections and says nothing. */
class Silent implements AsyncDisposable {
  readonly #server: PlayedServer;
  /** Settles when a client has come, and when it has gone. */
  readonly come: Promise<void>;
  readonly gone: Promise<void>;

  private constructor(server: PlayedServer, come: Promise<void>, gone: Promise<void>) {
    this.#server = server;
    this.come = come;
    this.gone = gone;
  }

  static async start(): Promise<Silent> {
    const come = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const server = await PlayedServer.start((line, socket) => {
      if (line === undefined) {
        come.resolve();
        socket.on("close", () => gone.resolve());
        socket.on("end", () => socket.end());
      }
      return "";
    });
    return new Silent(server, come.promise, gone.promise);
  }

  get port(): number {
    return this.#server.port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

describe("one Ctrl-C ends OPEN of a server that says nothing", () => {
  test.each([
    ["in the clear", ""],
    ["over TLS", `#${OTHER_PIN}`],
  ])("in a script, with 130, %s", async (_, pin) => {
    using folder = new TemporaryFolder();
    await using server = await Silent.start();
    const address = `127.0.0.1:${server.port}${pin}`;
    const args = [address, ...PATIENT, "-c", "LS"];
    await using client = ClientProcess.start(folder.join("client"), args);
    await server.come;
    expect(await client.stop("SIGINT")).toBe(130);
    // And not because it was left to itself for too long.
    expect(client.log).toBe(`OPEN ${address.replace(/#.*/, "")}: Interrupted\n`);
    await server.gone;
  });

  test("at a terminal, where the connection is closed and others can be opened", async () => {
    using folder = new TemporaryFolder();
    await using server = await Silent.start();
    await using other = await ServerProcess.start(folder.join("server"));
    await using shell = new TerminalProgram(["connect", ...PATIENT], folder.path);
    await shell.waitFor(/sftp> /);
    shell.press(`OPEN ${server.port}\r`);
    await server.come;
    await shell.waitFor(/Interrupted[^]*sftp> /, shell.press("\u0003"));
    await server.gone;
    await shell.type(`OPEN ${other.port}`, /Connected to/);
  });
});

test("where the home is no folder, a server on loopback is opened all the same", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", "PWD"];
  // A state folder that is no absolute path counts as none.
  const ran = await run(args, { env: { HOME: "/dev/null", XDG_STATE_HOME: "" } });
  expect(ran.status).toBe(0);
  expect(ran.stdout).toBe("/\n");
});

describe("with --dry-run", () => {
  test("a root that is missing is not made, but told of", async () => {
    using folder = new TemporaryFolder();
    const root = folder.join("client");
    const ran = await run(["connect", "--root", root, "-n", "-c", "LLS"]);
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toBe(
      `sftp: Cannot keep files in ${root}: There is no folder ${root}: --dry-run makes none: ` +
        "make it, or choose another with --root\n",
    );
    expect(existsSync(root)).toBe(false);
  });

  test("what earlier downloads have left is not swept", async () => {
    using folder = new TemporaryFolder();
    const left = `.sftp-staging/${"0".repeat(32)}.kept.${"0".repeat(8)}-${"0".repeat(8)}-${"0".repeat(8)}-1-1`;
    await using server = await ServerProcess.start(folder.join("server"));
    const root = folder.join("client");
    // All of them together take many times longer than to sweep one file.
    const commands = `OPEN ${server.port};${"LS;".repeat(300)}`;
    const args = ["connect", "--root", root, "--keep-partial", "0", "-c", commands];
    write(`${root}/${left}`, "left");
    expect((await run([...args, "-n"])).status).toBe(0);
    expect(filesUnder(root)).toEqual([left]);
    await using _ = ClientProcess.start(root, ["--keep-partial", "0"]);
    await until(() => filesUnder(root).length === 0);
  });

  test("no server is remembered", async () => {
    await using scene = await SecureScene.start();
    write(scene.folder.join("client/there"), "");
    expect((await scene.connect(scene.pinned, "LS", "-n")).status).toBe(0);
    expect(scene.knownHosts).toBe("");
    expect((await scene.connect(scene.pinned, "LS")).status).toBe(0);
    expect(scene.knownHosts).toContain(scene.address);
  });
});

test.each(["localhost", "LocalHost"])("%s is 127.0.0.1, or else ::1", async (host) => {
  using folder = new TemporaryFolder();
  await using four = await ServerProcess.start(folder.join("4"));
  await using six = await ServerProcess.start(folder.join("6"), ["--host", "::1"]);
  for (const { port } of [four, six]) {
    const args = ["connect", `${host}:${port}`, "--root", folder.join("client"), "-c", "PWD"];
    expect(await run(args)).toMatchObject({ status: 0, stdout: "/\n" });
  }
});

/** Whether what others say of names can be replaced for one program. */
const CAN_RENAME =
  Bun.which("unshare") !== null &&
  Bun.spawnSync(["unshare", "-m", "mount", "--bind", "/etc/hosts", "/etc/hosts"]).exitCode === 0;

test.skipIf(!CAN_RENAME)(
  `localhost is this machine whatever the system takes it for${CAN_RENAME ? "" : " (needs root)"}`,
  async () => {
    using folder = new TemporaryFolder();
    await using there = await ServerProcess.start(folder.join("server"), ["--host", "127.0.0.9"]);
    write(folder.join("hosts"), "127.0.0.9 localhost LocalHost\n");
    const ask = async (host: string): Promise<{ status: number; stderr: string }> => {
      const renamed = `mount --bind ${folder.join("hosts")} /etc/hosts && exec "$0" "$@"`;
      const args = ["connect", `${host}:${there.port}`, "--root", folder.join("client")];
      const child = Bun.spawn(
        ["unshare", "-m", "sh", "-c", renamed, BINARY, ...args, "-c", "PWD"],
        { env: cleanEnvironment(), stdout: "ignore", stderr: "pipe" },
      );
      return { status: await child.exited, stderr: await new Response(child.stderr).text() };
    };
    expect(await ask("127.0.0.9")).toMatchObject({ status: 0 });
    // The runtime knows that as well, for now: what counts is that nobody else is asked.
    for (const name of ["localhost", "LocalHost"]) {
      const asked = await ask(name);
      expect(asked).toMatchObject({ status: 3 });
      expect(asked.stderr).toContain(`Nobody listens at ${name}`);
    }
  },
);
