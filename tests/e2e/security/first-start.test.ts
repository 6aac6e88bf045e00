import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { filesUnder, read, write } from "../../support/files.ts";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SecureScene } from "../../support/secure.ts";
import { TerminalProgram } from "../../support/terminal.ts";

/** Where this machine can be reached from elsewhere over IPv4; loopback where that is nowhere. */
function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const outer = all.filter(({ family, internal }) => family === "IPv4" && !internal);
  return outer.length > 0 ? outer.map(({ address }) => address) : ["127.0.0.1"];
}

describe("the first start beyond loopback, in an empty home,", () => {
  test("makes an identity and a token, and says what to type for each address", async () => {
    await using scene = await SecureScene.start(["--host", "0.0.0.0"]);
    const { folder, server, pin } = scene;
    await server.waitFor(/The token is in .*\n/);
    const [said, ...lines] = server.log.trimEnd().split("\n");
    const where = `0.0.0.0:${server.port}`;
    expect(said).toBe(
      `Serving ${folder.join("server")} on ${where}, encrypted, to those who log in.`,
    );
    expect(lines).toEqual([
      ...addresses().map((host) => `Connect with: sftp connect ${host}:${server.port}#${pin}`),
      `The token is in ${folder.join("server-state/sftp/token")}`,
    ]);
    expect(filesUnder(folder.join("server-state")).toSorted()).toEqual([
      "sftp/identity.pem",
      "sftp/token",
    ]);
    for (const name of ["identity.pem", "token"]) {
      expect(statSync(folder.join("server-state/sftp", name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(folder.join("server-state/sftp")).mode & 0o777).toBe(0o700);
    expect(server.log).not.toContain(scene.token);
  });

  test("is all that a client needs: PIN and token, and afterwards the token alone", async () => {
    await using scene = await SecureScene.start(["--host", "0.0.0.0"]);
    write(scene.folder.join("server/a"), "hello");
    const first = await scene.connect(scene.pinned, "GET a; PUT a b");
    expect(first).toMatchObject({ status: 0 });
    expect(read(scene.folder.join("client/a"))?.toString()).toBe("hello");
    expect(read(scene.folder.join("server/b"))?.toString()).toBe("hello");
    expect(scene.knownHosts).toContain(`\n${scene.address} ${scene.pin}\n`);
    expect((await scene.connect(scene.address, "GET a")).status).toBe(0);
  });

  test("is the same at the next start, until --new-token", async () => {
    using folder = new TemporaryFolder();
    const flags = ["--host", "0.0.0.0"];
    const states: { pin: string; token: string }[] = [];
    for (const more of [[], [], ["--new-token"]]) {
      const scene = await SecureScene.start([...flags, ...more], folder);
      states.push({ pin: scene.pin, token: scene.token });
      expect((await scene.connect(scene.pinned, "LS")).status).toBe(0);
      if (more.length > 0) {
        const old = await scene.connectWith({ token: states[0]?.token }, scene.pinned, "LS");
        expect(old.status).toBe(4);
      }
      await scene.server.stop();
    }
    const [one, two, three] = states;
    expect(two).toEqual(one ?? { pin: "", token: "" });
    expect(three?.pin).toBe(one?.pin ?? "");
    expect(three?.token).not.toBe(one?.token ?? "");
  });

  test("over IPv6, bracketed", async () => {
    await using scene = await SecureScene.start(["--host", "::1", "--tls"]);
    expect(scene.server.log).toContain(`sftp connect [::1]:${scene.port}#${scene.pin}\n`);
    expect((await scene.connect(`[::1]:${scene.port}#${scene.pin}`, "LS")).status).toBe(0);
    expect(scene.knownHosts).toContain(`]:${scene.port} ${scene.pin}\n`);
    expect((await scene.connect(`[0:0:0:0:0:0:0:1]:${scene.port}`, "LS")).status).toBe(0);
  });

  test("serves every address of both kinds with ::", async () => {
    await using scene = await SecureScene.start(["--host", "::"]);
    for (const host of ["127.0.0.1", "[::1]"]) {
      const ran = await scene.connect(`${host}:${scene.port}#${scene.pin}`, "LS");
      expect(ran.status).toBe(0);
    }
  });

  test("tells programs the PIN, and nobody the token", async () => {
    await using scene = await SecureScene.start(["--tls", "--json"]);
    const [line = ""] = scene.server.stdout.split("\n");
    expect(JSON.parse(line)).toEqual({
      event: "listening",
      host: "127.0.0.1",
      port: scene.port,
      root: scene.folder.join("server"),
      pin: scene.pin,
    });
    expect((await scene.connect(scene.pinned, "LS")).status).toBe(0);
    await scene.server.waitFor(/"event":"login","client":"[^"]+","user":"token"/);
    expect(scene.server.log).not.toContain(scene.token);
  });

  test("shows a person at a terminal the token and a code to scan", async () => {
    using folder = new TemporaryFolder();
    await using server = new TerminalProgram(
      ["serve", "--host", "0.0.0.0", "--port", "0"],
      folder.path,
      { env: { XDG_STATE_HOME: folder.join("state") } },
    );
    const [, token] = await server.waitFor(/Token: ([a-z2-9-]{39})\r?\n/);
    expect(token).toBe(readFileSync(folder.join("state/sftp/token"), "utf8").trim());
    expect(server.screen).toMatch(/Connect with: sftp connect \S+#[\w-]{43}\r?\n/);
    expect(server.screen).toMatch(/[▀▄█]{20}/u);
  });

  test.each([
    [90, /^Connect with: sftp connect \S+#[\w-]{43}\r\n[^]*[▀▄█]{20}/mu],
    [60, /^Connect with:\r\nsftp connect \S+#[\w-]{43}\r\n[^]*[▀▄█]{20}/mu],
    // A code that is broken by the terminal is of no use.
    [30, /^Connect with:\r\nsftp connect \S+#[\w-]{43}\r\n[^▀▄█]*$/mu],
  ])("leaves what is to be copied whole, in %d columns", async (columns, expected) => {
    using folder = new TemporaryFolder();
    await using server = new TerminalProgram(["serve", "--tls", "--port", "0"], folder.path, {
      columns,
      env: { XDG_STATE_HOME: folder.join("state") },
    });
    await server.waitFor(/^Token: [a-z2-9-]{39}\r\nCtrl-C stops it\.\r\n/m);
    expect(server.screen).toMatch(expected);
  });
});

describe("on loopback", () => {
  test("it stays plain and open, and makes neither identity nor token", async () => {
    using folder = new TemporaryFolder();
    const env = { XDG_STATE_HOME: folder.join("state") };
    await using server = await ServerProcess.start(folder.join("server"), [], { env });
    const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", "LS"];
    expect((await run(args, { env })).status).toBe(0);
    expect(server.log).toContain(`Connect with: sftp connect ${server.port}\n`);
    expect(existsSync(folder.join("state"))).toBe(false);
  });

  test("two servers have one identity and two places among the known", async () => {
    await using one = await SecureScene.start(["--tls"]);
    await using two = await ServerProcess.start(one.folder.join("other"), ["--tls"], {
      env: { XDG_STATE_HOME: one.folder.join("server-state") },
    });
    expect((await one.connect(one.pinned, "LS")).status).toBe(0);
    const other = `127.0.0.1:${two.port}`;
    expect((await one.connect(`${other}#${one.pin}`, "LS")).status).toBe(0);
    expect(one.knownHosts).toContain(`\n${one.address} ${one.pin}\n${other} ${one.pin}\n`);
  });
});

describe("--insecure", () => {
  test.each(["0.0.0.0", "127.0.0.1"])("warns at each start on %s, and is obeyed", async (host) => {
    using folder = new TemporaryFolder();
    const env = { XDG_STATE_HOME: folder.join("state") };
    await using server = await ServerProcess.start(
      folder.join("server"),
      ["--host", host, "--insecure"],
      { env },
    );
    await server.waitFor(/WARNING: --insecure: every.* can read and write what is served/);
    const args = ["--root", folder.join("client"), "-c", "LS"];
    expect((await run(["connect", String(server.port), ...args], { env })).status).toBe(0);
    expect(existsSync(folder.join("state"))).toBe(false);
  });

  test.each([
    ["--tls", []],
    ["--users", ["f"]],
    ["--tls-cert", ["f"]],
    ["--new-token", []],
  ])("excludes %s", async (flag, value) => {
    using folder = new TemporaryFolder();
    const args = ["serve", "--port", "0", "--insecure", flag, ...value];
    const ran = await run(args, { cwd: folder.path });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(`--insecure and ${flag} exclude each other`);
  });

  test("is in what has to be typed elsewhere, for each address of the machine", async () => {
    using folder = new TemporaryFolder();
    const flags = ["--host", "0.0.0.0", "--insecure"];
    await using server = await ServerProcess.start(folder.join("server"), flags);
    await server.waitFor(/WARNING/);
    const lines = addresses().map((host) =>
      host === "127.0.0.1"
        ? `sftp connect ${server.port}`
        : `sftp connect ${host}:${server.port} --insecure`,
    );
    expect(server.log).toContain(`Connect with: ${lines.join(", or ")}\n`);
    expect(server.log).not.toContain("connect 0.0.0.0");
  });

  test("is a flag and nothing else", async () => {
    using folder = new TemporaryFolder();
    const env = { XDG_STATE_HOME: folder.join("state"), SFTP_INSECURE: "1" };
    const flags = ["--host", "0.0.0.0"];
    await using server = await ServerProcess.start(folder.join("server"), flags, { env });
    await server.waitFor(/The token is in/);
    expect(server.log).toContain("encrypted");
  });
});

describe("a certificate of one's own", () => {
  test("is used, and its key is what the PIN names", async () => {
    await using made = await SecureScene.start();
    const file = made.folder.join("server-state/sftp/identity.pem");
    const state = { XDG_STATE_HOME: made.folder.join("elsewhere") };
    const flags = ["--tls-cert", file, "--tls-key", file];
    await using server = await ServerProcess.start(made.folder.join("b"), flags, { env: state });
    const [, pin] = await server.waitFor(/#([\w-]{43})\n/);
    expect(pin).toBe(made.pin);
    await server.waitFor(/The token is in/);
    expect(filesUnder(made.folder.join("elsewhere"))).toEqual(["sftp/token"]);
  });

  test.each(["--tls-cert", "--tls-key"])("needs both flags: %s alone is refused", async (flag) => {
    using folder = new TemporaryFolder();
    const ran = await run(["serve", "--port", "0", flag, "x"], { cwd: folder.path });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain("give both --tls-cert and --tls-key");
  });
});
