import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { filesUnder, read, write, writeRandom } from "../../support/files.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { GREETING } from "../../support/hostile-server.ts";
import { Impostor } from "../../support/impostor.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { run, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { SecureScene } from "../../support/secure.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

/** What a client does over a connection that is cut, and made again to whoever is there by then. */

const PASSWORD = "the password of anna";
const folder = new TemporaryFolder();
const users = folder.join("users");
await run(["user", "add", "anna", "--role", "full", "--file", users], { input: `${PASSWORD}\n` });
const withUsers = await SecureScene.start(["--tls", "--users", users], folder);
const withToken = await SecureScene.start();
afterAll(async () => {
  await withUsers[Symbol.asyncDispose]();
  await withToken[Symbol.asyncDispose]();
});

/** No server can be remembered there. */
const NOWHERE = "/proc/nope";
const SIZE = 6 * BLOCK_SIZE;

/** A client whose first connection is cut in the middle of its upload. */
class Cut implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly content = writeRandom(this.folder.join("client/big"), SIZE);
  readonly proxy: FaultyProxy;
  readonly scene: SecureScene;

  private constructor(scene: SecureScene, proxy: FaultyProxy) {
    this.scene = scene;
    this.proxy = proxy;
  }

  /**
   * @param next where connections are led from then on, where not to the server
   * @param before how many connections pass untouched before
   */
  static async start(scene: SecureScene, next = scene.port, before = 0): Promise<Cut> {
    const fault = { afterContent: 2 * BLOCK_SIZE, do: "cut" } as const;
    const proxy = await FaultyProxy.start(
      scene.port,
      ...Array.from({ length: before }, () => ({})),
      { toServer: fault },
    );
    proxy.encrypted = true;
    void proxy.faulted.then(() => (proxy.server = next));
    return new Cut(scene, proxy);
  }

  get address(): string {
    return `127.0.0.1:${this.proxy.port}`;
  }

  get pinned(): string {
    return `${this.address}#${this.scene.pin}`;
  }

  get env(): Record<string, string> {
    return {
      XDG_STATE_HOME: NOWHERE,
      XDG_CONFIG_HOME: this.folder.join("config"),
      SFTP_RETRIES: "2",
    };
  }

  configure(server: string): void {
    const file = this.folder.join("config/sftp/config.toml");
    write(file, server);
    chmodSync(file, 0o600);
  }

  put(address: string, name: string, env: Record<string, string> = {}): Promise<Ran> {
    const root = this.folder.join("client");
    const args = ["connect", address, "--root", root, "-c", `PUT big ${name}`];
    return run(args, { env: { ...this.env, ...env } });
  }

  /** What the server got under this name. */
  got(name: string): Buffer | undefined {
    return read(this.scene.folder.join("server", name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

describe("a transfer goes on over a new connection", () => {
  test("as the user who was named", async () => {
    await using cut = await Cut.start(withUsers);
    const ran = await cut.put(`anna@${cut.pinned}`, "of-anna", { SFTP_TOKEN: PASSWORD });
    expect(ran.stderr).toContain(`Connected to ${cut.address} again.`);
    expect(ran.status).toBe(0);
    expect(cut.proxy.passages).toHaveLength(2);
    expect(cut.got("of-anna")).toEqual(cut.content);
  });

  test("with the token of the configuration, where no server can be remembered", async () => {
    await using cut = await Cut.start(withToken);
    cut.configure(`[servers.lab]\naddress = "${cut.pinned}"\ntoken = "${withToken.token}"\n`);
    const ran = await cut.put("lab", "configured");
    expect(ran.stderr).toContain(`Connected to ${cut.address} again.`);
    expect(ran.stderr.match(/will be unknown next time/g)).toHaveLength(1);
    expect(ran.status).toBe(0);
    expect(cut.got("configured")).toEqual(cut.content);
  });

  test("with what was typed, to the key that was agreed to, asking nothing again", async () => {
    // Over the first the key is only looked at.
    await using cut = await Cut.start(withUsers, withUsers.port, 1);
    await using shell = new TerminalProgram(["connect"], cut.folder.path, { env: cut.env });
    await shell.waitFor(/sftp> /);
    await shell.type(`OPEN anna@${cut.address}`, /is not known yet[^]*Go on\? \(y\/N\): /);
    await shell.type("y", /Password of anna/);
    await shell.type(PASSWORD, /Connected to \S+\./);
    await shell.type("PUT big typed", /again\.[^]*verified/);
    expect(shell.screen.match(/Password of anna/g)).toHaveLength(1);
    expect(shell.screen.match(/is not known yet/g)).toHaveLength(1);
    expect(cut.got("typed")).toEqual(cut.content);
  });
});

describe("whoever takes the server's place before the new connection gets nothing:", () => {
  /** The ways to what a login needs, none of which the disk remembers. */
  const WAYS = [
    ["a user", "user"],
    ["a token of the configuration", "configured"],
    ["a token of the environment", "environment"],
  ] as const;

  function put(cut: Cut, way: (typeof WAYS)[number][1]): Promise<Ran> {
    const { token } = withToken;
    switch (way) {
      case "user":
        return cut.put(`anna@${cut.pinned}`, "x", { SFTP_TOKEN: PASSWORD });
      case "environment":
        return cut.put(cut.pinned, "x", { SFTP_TOKEN: token });
      case "configured":
        cut.configure(`[servers.lab]\naddress = "${cut.pinned}"\ntoken = "${token}"\n`);
        return cut.put("lab", "x");
    }
  }

  test.each(WAYS)("a plain sftp serve, with %s", async (_, way) => {
    using place = new TemporaryFolder();
    await using plain = await ServerProcess.start(place.path);
    await using cut = await Cut.start(way === "user" ? withUsers : withToken, plain.port);
    const ran = await put(cut, way);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("answered without encryption, and it encrypted before");
    expect(filesUnder(place.path)).toEqual([]);
    expect(plain.log).not.toMatch(/PUT|big/);
  });

  test.each(WAYS)("somebody who says yes to all in the clear, with %s", async (_, way) => {
    const heard: string[] = [];
    await using yes = await PlayedServer.start((line) => {
      if (line !== undefined) heard.push(line);
      return line === undefined ? GREETING : "200\n";
    });
    await using cut = await Cut.start(way === "user" ? withUsers : withToken, yes.port);
    const ran = await put(cut, way);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("answered without encryption, and it encrypted before");
    // The bytes of a handshake, and nothing that can be read.
    expect(heard.join("\n")).not.toMatch(/PUT|AUTH|big/);
  });

  test.each(WAYS)("somebody with TLS and another key, with %s", async (_, way) => {
    using other = await Impostor.start((line) => (line === undefined ? GREETING : "200\n"));
    await using cut = await Cut.start(way === "user" ? withUsers : withToken, other.port);
    const ran = await put(cut, way);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("has another key than the PIN says");
    expect(other.heard).toEqual([]);
  });
});
