import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { write } from "../../support/files.ts";
import { GREETING, HostileServer } from "../../support/hostile-server.ts";
import { Impostor, Interceptor } from "../../support/impostor.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { MECHANISM, SecureScene } from "../../support/secure.ts";
import { ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";

const scene = await SecureScene.start();
const secret = "the-secret-that-nobody-may-hear";
afterAll(() => scene[Symbol.asyncDispose]());

const OTHER_PIN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const OPEN = GREETING;
const WITH_LOGIN = `220 protocol=1 server=x auth=${MECHANISM} pipeline=1024\n`;

/** What a server says that would take everything. */
function greedy(greeting: string): (line: string | undefined) => string {
  return (line) => (line === undefined ? greeting : "200\n");
}

/** Runs a client that knows a secret. */
function connect(address: string, env: Record<string, string> = {}): Promise<Ran> {
  write(scene.folder.join("client/private"), "private bytes");
  return scene.connectWith({ token: secret, env }, address, "PUT private");
}

function know(port: number, pin: string): Record<string, string> {
  const state = scene.folder.join(`state-${port}`);
  mkdirSync(`${state}/sftp`, { recursive: true, mode: 0o700 });
  writeFileSync(`${state}/sftp/known_hosts`, `127.0.0.1:${port} ${pin}\n`, { mode: 0o600 });
  return { XDG_STATE_HOME: state };
}

/** Both with the runtime's own checks, and with these switched off. */
describe.each([
  ["", {}],
  [" with NODE_TLS_REJECT_UNAUTHORIZED=0", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }],
])("a client%s", (_, env: Record<string, string>) => {
  test("sends nothing to a server with another key than the PIN says: 4", async () => {
    using impostor = await Impostor.start(greedy(WITH_LOGIN));
    const ran = await connect(`127.0.0.1:${impostor.port}#${OTHER_PIN}`, env);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("has another key than the PIN says, so nothing was sent to it");
    expect(ran.stderr).toContain(impostor.pin);
    expect(impostor.heard).toEqual([]);
  });

  test("does not repeat a PIN that was typed where OPEN fails", async () => {
    using impostor = await Impostor.start(greedy(WITH_LOGIN));
    const where = `127.0.0.1:${impostor.port}`;
    const ran = await connect(`${where}#${OTHER_PIN}`, env);
    expect(ran.stderr).toStartWith(`OPEN ${where}: ${where} has another key`);
    expect(ran.stderr).not.toContain(OTHER_PIN);
  });

  test("sends nothing to a server that is not known, where nobody can be asked: 4", async () => {
    using impostor = await Impostor.start(greedy(WITH_LOGIN));
    const ran = await connect(`127.0.0.1:${impostor.port}`, env);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("is not known, and nobody can be asked here");
    expect(impostor.heard).toEqual([]);
  });

  test("sends nothing where the key has changed, and says which line to remove: 4", async () => {
    using impostor = await Impostor.start(greedy(WITH_LOGIN));
    const state = know(impostor.port, OTHER_PIN);
    const ran = await connect(`127.0.0.1:${impostor.port}`, { ...env, ...state });
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain(`THE KEY OF 127.0.0.1:${impostor.port} HAS CHANGED`);
    expect(ran.stderr).toContain(`line 1 of ${state["XDG_STATE_HOME"]}/sftp/known_hosts`);
    expect(impostor.heard).toEqual([]);
  });

  test("sends nothing to a man in the middle: 4", async () => {
    for (const target of ["#PIN", "", "known"]) {
      using middle = await Interceptor.start(scene.port);
      const address = `127.0.0.1:${middle.port}`;
      const ran = await scene.connectWith(
        {
          token: scene.token,
          env: { ...env, ...(target === "known" ? know(middle.port, scene.pin) : {}) },
        },
        target === "#PIN" ? `${address}#${scene.pin}` : address,
        "LS",
      );
      expect(ran.status, target).toBe(4);
      expect(middle.fromClient, target).toEqual([]);
    }
  });

  test("cannot be logged in through a man in the middle, even one whose key it accepts: 4", async () => {
    using middle = await Interceptor.start(scene.port);
    const { pin, port } = middle;
    const ran = await scene.connectWith(
      { token: scene.token, env },
      `127.0.0.1:${port}#${pin}`,
      "LS",
    );
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("The login was made for another connection than this one");
    expect(middle.fromClient.join("")).toMatch(/^AUTH [^\n]+\nAUTH data=\S+\n$/);
    expect(middle.fromClient.join("")).not.toContain(scene.token);
    expect(scene.knownHosts).not.toContain(String(port));
  });
});

describe("nothing that lowers the protection is believed:", () => {
  test("a greeting that asks for no login, over TLS and with the right PIN", async () => {
    using impostor = await Impostor.start(greedy(OPEN));
    const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("asks for no login");
    expect(impostor.heard).toEqual([]);
    expect(scene.knownHosts).not.toContain(String(impostor.port));
  });

  test.each(["auth=PLAIN", "auth=SCRAM-SHA-256", "auth=", ""])(
    "a greeting with %j in place of the login",
    async (auth) => {
      using impostor = await Impostor.start(
        greedy(`220 protocol=1 server=x ${auth}${auth === "" ? "" : " "}pipeline=1024\n`),
      );
      const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
      expect(ran.status).toBe(4);
      expect(impostor.heard).toEqual([]);
    },
  );

  test("a man in the middle who strips auth= from the greeting", async () => {
    using middle = await Interceptor.start(scene.port, (text) =>
      text.replace(`auth=${MECHANISM}`, "auth=none"),
    );
    const ran = await scene.connect(`127.0.0.1:${middle.port}#${middle.pin}`, "LS");
    expect(ran.status).toBe(4);
    expect(middle.fromServer.join("")).toContain("auth=none");
    expect(middle.fromClient).toEqual([]);
  });

  test("a server that says that the login was right and cannot prove it", async () => {
    using impostor = await Impostor.start((line) => {
      if (line === undefined) return WITH_LOGIN;
      const [, sent = ""] = /^AUTH mechanism=\S+ data=(\S+)$/.exec(line) ?? [];
      if (sent === "") return `230 data=${encode(`v=${Buffer.alloc(32, 1).toString("base64")}`)}\n`;
      const nonce = /r=(.*)$/.exec(Buffer.from(sent, "base64url").toString())?.[1] ?? "";
      return `334 data=${encode(`r=${nonce}xyz,s=AAAAAAAAAAAAAAAAAAAAAA==,i=4096`)}\n`;
    });
    const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("did not prove that it knows the password");
    expect(impostor.heard).toHaveLength(2);
    expect(impostor.heard.join("")).not.toContain(secret);
    expect(scene.knownHosts).not.toContain(String(impostor.port));
  });

  test("a server that asks for so much work, or so little", async () => {
    for (const iterations of [1, 4095, 1_000_001, 4_000_000_000]) {
      using impostor = await Impostor.start((line) => {
        if (line === undefined) return WITH_LOGIN;
        const [, sent = ""] = /data=(\S+)$/.exec(line) ?? [];
        const nonce = /r=(.*)$/.exec(Buffer.from(sent, "base64url").toString())?.[1] ?? "";
        return `334 data=${encode(`r=${nonce}xyz,s=AAAAAAAAAAAAAAAAAAAAAA==,i=${iterations}`)}\n`;
      });
      const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
      expect(ran.status).toBe(4);
      expect(impostor.heard).toHaveLength(1);
    }
  });

  test.each([
    [
      "a PIN",
      `#${OTHER_PIN}`,
      "",
      undefined,
      "a PIN was given: leave out what stands behind the #",
    ],
    ["a user", "", "anna@", undefined, "a user was named: leave out what stands before the @"],
    ["a secret", "", "", secret, "SFTP_TOKEN is set: take that away"],
  ])("plain text on loopback, where %s was given: 4", async (_, pin, user, token, why) => {
    const heard: string[] = [];
    await using server = await PlayedServer.start((line) => {
      if (line !== undefined) heard.push(line);
      return line === undefined ? OPEN : "200\n";
    });
    write(scene.folder.join("client/private"), "private bytes");
    const address = `${user}127.0.0.1:${server.port}${pin}`;
    const ran = await scene.connectWith({ token }, address, "PUT private");
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain(`answered without encryption, and ${why} if it is not to be`);
    // The bytes of a handshake, and nothing that can be read.
    expect(heard.join("\n")).not.toContain(secret);
    expect(heard.join("\n")).not.toMatch(/PUT|AUTH|private/);
  });

  test("plain text from a server among the known: 4", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.path);
    const env = know(server.port, OTHER_PIN);
    const options = { token: undefined, env };
    const ran = await scene.connectWith(options, `127.0.0.1:${server.port}`, "LS");
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain(
      "answered without encryption, and it is a known server, which encrypts: remove line 1 of " +
        `${env["XDG_STATE_HOME"]}/sftp/known_hosts`,
    );
  });

  test("plain text from another machine's address: 4, and with --insecure it is spoken", async () => {
    using folder = new TemporaryFolder();
    const flags = ["--host", "0.0.0.0", "--insecure"];
    await using server = await ServerProcess.start(folder.join("s"), flags);
    // Which leads to this machine, and is not known for it.
    const address = `0.0.0.0:${server.port}`;
    const options = { token: undefined };
    const ran = await scene.connectWith(options, address, "LS");
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("start sftp serve there without --insecure");
    const lowered = await scene.connectWith(options, address, "LS", "--insecure");
    expect(lowered.status).toBe(0);
    expect(lowered.stderr).toContain("WARNING: --insecure");
    const pinned = await scene.connectWith(options, `${address}#${scene.pin}`, "LS", "--insecure");
    expect(pinned.status).toBe(2);
  });

  test("a login without encryption: 4", async () => {
    const heard: string[] = [];
    await using server = await PlayedServer.start((line) => {
      if (line !== undefined) heard.push(line);
      return line === undefined ? WITH_LOGIN : "200\n";
    });
    const ran = await scene.connectWith({ token: undefined }, `127.0.0.1:${server.port}`, "LS");
    expect(ran.status).toBe(4);
    expect(heard).toEqual([]);
  });
});

test("a client that cannot keep what it learns says so, and goes on with the PIN", async () => {
  const file = scene.folder.join("a-file");
  write(file, "");
  const options = { token: scene.token, env: { XDG_STATE_HOME: `${file}/state` } };
  const ran = await scene.connectWith(options, scene.pinned, "LS");
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain(
    `${scene.address} will be unknown next time: Cannot make the folder`,
  );
});

describe("what else answers is named:", () => {
  test("TLS 1.2: 3", async () => {
    const versions = { minVersion: 0x0303, maxVersion: 0x0303 };
    using impostor = await Impostor.start(greedy(WITH_LOGIN), versions);
    const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("speaks an older TLS than 1.3");
    expect(impostor.heard).toEqual([]);
  });

  test.each(["\u0002h2", ""])("TLS with the protocol %j in it: 3", async (ALPNProtocols) => {
    using impostor = await Impostor.start(greedy(WITH_LOGIN), { ALPNProtocols });
    const ran = await connect(`127.0.0.1:${impostor.port}#${impostor.pin}`);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("another TLS server answered");
    expect(impostor.heard).toEqual([]);
  });

  test.each([
    ["SSH-2.0-OpenSSH_9.9\r\n", "an SSH server answered"],
    ["220 (vsFTPd 3.0.5)\r\n", "an FTP server answered"],
    ["220 Welcome: max=5 users, mode=binary\r\n", "an FTP server answered"],
    ["220 mail ESMTP\r\n", "an SMTP server answered"],
  ])("%j, where TLS was expected: 3", async (greeting, told) => {
    await using server = await PlayedServer.start((line) => (line === undefined ? greeting : ""));
    const ran = await connect(`127.0.0.1:${server.port}#${OTHER_PIN}`);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(told);
  });

  test("a server that answers nothing, where TLS was expected: 3", async () => {
    await using server = await HostileServer.start((victim) => victim.gone());
    const ran = await scene.connect(
      `127.0.0.1:${server.port}#${OTHER_PIN}`,
      "LS",
      "--timeout",
      "1",
    );
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("says nothing");
  });

  test("a server that encrypts, where nothing is known of it: 3", async () => {
    const ran = await scene.connectWith(
      { token: undefined, env: { XDG_STATE_HOME: scene.folder.join("fresh") } },
      scene.address,
      "LS",
    );
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("a server that speaks TLS answered");
    expect(ran.stderr).not.toContain("does not speak Simple FTP");
  });
});

function encode(message: string): string {
  return Buffer.from(message).toString("base64url");
}
