import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { ScramClient } from "../../../src/security/scram.ts";
import { read, write, writeRandom } from "../../support/files.ts";
import { run, TemporaryFolder } from "../../support/programs.ts";
import { MECHANISM, SecureClient, SecureScene } from "../../support/secure.ts";
import { TerminalProgram } from "../../support/terminal.ts";

const scene = await SecureScene.start();
afterAll(() => scene[Symbol.asyncDispose]());
write(scene.folder.join("server/canary"), "canary");

const WRONG = "530 login The user or the password is wrong";
const KEY = "0".repeat(32);

describe("before the login", () => {
  test("the greeting names it, and nothing else than it and QUIT is done", async () => {
    using client = await SecureClient.open(scene.port);
    expect(client.raw.greeting).toContain(` auth=${MECHANISM} `);
    for (const line of [
      "GET canary",
      "LIST",
      "STAT canary",
      `HELD canary part=${KEY}`,
      "MKDIR made",
      "DELETE canary",
      "RENAME canary to=moved",
      "NOOP",
      "ABORT",
      "GET",
      "FOO",
      "GET %2Fetc",
    ]) {
      expect(await client.raw.sendLine(line).reply(), line).toBe("530 login Log in first");
    }
    expect(await client.raw.sendLine("QUIT").rest()).toBe("221\n");
    expect(existsSync(scene.folder.join("server/made"))).toBe(false);
    expect(read(scene.folder.join("server/canary"))?.toString()).toBe("canary");
  });

  test("an upload is refused, and closes the connection", async () => {
    using client = await SecureClient.open(scene.port);
    const all = await client.raw.send("PUT new size=5\n+5\nhelloEND\nGET canary\n").rest();
    expect(all).toBe("530 login Log in first\n421 closing Log in before sending files\n");
    expect(existsSync(scene.folder.join("server/new"))).toBe(false);
  });

  test("only so many requests are answered, and what follows is not looked at", async () => {
    using client = await SecureClient.open(scene.port);
    const all = await client.raw.send("NOOP\n".repeat(500_000)).rest();
    const refused = "530 login Log in first\n".repeat(16);
    expect(all).toBe(`${refused}421 closing Log in before asking for more\n`);
  });

  test("nothing that was sent ahead is done behind a wrong one", async () => {
    using client = await SecureClient.open(scene.port);
    const first = new ScramClient("token", "wrong", client.binding).first();
    const all = await client.raw
      .sendLine(`AUTH mechanism=${MECHANISM} data=${encode(first)}`)
      .sendLine("DELETE canary")
      .sendLine(`AUTH data=${encode("c=AAAA,r=x,p=AAAA")}`)
      .sendLine("GET canary")
      .sendLine("QUIT")
      .rest();
    const lines = all.trimEnd().split("\n");
    expect(lines.map((line) => line.slice(0, 3))).toEqual(["334", "530", "530", "530", "221"]);
    expect(read(scene.folder.join("server/canary"))?.toString()).toBe("canary");
  });

  test("what was sent ahead is done behind the right one", async () => {
    using client = await SecureClient.open(scene.port);
    const scram = new ScramClient("token", scene.token, client.binding);
    const begun = await client.authenticate(scram.first(), MECHANISM);
    const final = await scram.final(decode(begun.split("data=")[1] ?? ""));
    client.raw
      .sendLine(`AUTH data=${encode(final)}`)
      .sendLine("STAT canary")
      .sendLine("QUIT");
    const lines = (await client.raw.rest()).trimEnd().split("\n");
    expect(lines.map((line) => line.slice(0, 3))).toEqual(["230", "213", "221"]);
    scram.verify(decode(lines[0]?.split("data=")[1] ?? ""));
  });
});

describe("a login", () => {
  test("is bound to its connection", async () => {
    using one = await SecureClient.open(scene.port);
    using other = await SecureClient.open(scene.port);
    expect(await one.logIn("token", scene.token, other.binding)).toBe(
      "530 login The login was made for another connection than this one",
    );
    expect(await one.logIn("token", scene.token)).toStartWith("230 ");
    expect(await one.raw.sendLine("NOOP").reply()).toBe("200");
  });

  test("that is replayed is refused", async () => {
    using one = await SecureClient.open(scene.port);
    const scram = new ScramClient("token", scene.token, one.binding);
    const begun = await one.authenticate(scram.first(), MECHANISM);
    const final = await scram.final(decode(begun.split("data=")[1] ?? ""));
    expect(await one.authenticate(final)).toStartWith("230 ");
    using other = await SecureClient.open(scene.port);
    expect(await other.authenticate(scram.first(), MECHANISM)).toStartWith("334 ");
    expect(await other.authenticate(final)).toBe("530 login The answer belongs to another login");
    expect(await other.raw.sendLine("NOOP").reply()).toBe("530 login Log in first");
  });

  test("that has not begun, is over, or is by another mechanism is refused", async () => {
    using client = await SecureClient.open(scene.port);
    expect(await client.authenticate("c=,r=,p=")).toStartWith("530 login ");
    expect(await client.authenticate("n,,n=token,r=x", "PLAIN")).toStartWith("501 argument ");
    expect(await client.authenticate("n,,n=token,r=x", "SCRAM-SHA-256")).toStartWith("501 ");
    expect(await client.raw.sendLine("NOOP").reply()).toBe("530 login Log in first");
    expect(await client.logIn("token", scene.token)).toStartWith("230 ");
    expect(await client.logIn("token", scene.token)).toStartWith("501 argument ");
    expect(await client.raw.sendLine("NOOP").reply()).toBe("200");
  });

  test("costs an unknown user the same bytes as a known one", async () => {
    const shapes: string[][] = [];
    for (const user of ["token", "nobody"]) {
      // What went wrong elsewhere makes nobody wait here.
      await using own = await SecureScene.start();
      using client = await SecureClient.open(own.port);
      const begun = await client.authenticate(
        new ScramClient(user, "x", client.binding).first(),
        MECHANISM,
      );
      const message = decode(begun.split("data=")[1] ?? "");
      const [, salt = ""] = /,s=([^,]+)/.exec(message) ?? [];
      shapes.push([message.replace(/r=[^,]+|s=[^,]+/g, ""), String(salt.length)]);
      using second = await SecureClient.open(own.port);
      expect(await second.logIn(user, "wrong")).toBe(WRONG);
      using third = await SecureClient.open(own.port);
      const again = new ScramClient(user, "x", third.binding).first();
      expect(decode((await third.authenticate(again, MECHANISM)).slice(9))).toContain(`s=${salt}`);
    }
    expect(shapes[0]).toEqual(shapes[1] ?? []);
  });
});

test("an unknown user is answered the same after the server was started again", async () => {
  using folder = new TemporaryFolder();
  const salts: string[] = [];
  for (let start = 0; start < 2; start++) {
    const own = await SecureScene.start(["--tls"], folder);
    using client = await SecureClient.open(own.port);
    const first = new ScramClient("nobody", "x", client.binding).first();
    const begun = await client.authenticate(first, MECHANISM);
    salts.push(/,s=([^,]+)/.exec(decode(begun.split("data=")[1] ?? ""))?.[1] ?? `none ${start}`);
    await own.server.stop("SIGKILL");
  }
  expect(salts[0]).toBe(salts[1] ?? "");
});

describe("wrong logins", () => {
  test("close the connection at the third", async () => {
    await using own = await SecureScene.start();
    using client = await SecureClient.open(own.port);
    expect(await client.logIn("token", "one")).toBe(WRONG);
    expect(await client.logIn("nobody", "two")).toBe(WRONG);
    expect(await client.logIn("token", "three")).toBe(WRONG);
    expect(await client.raw.rest()).toBe("421 closing There were too many wrong logins\n");
    using next = await SecureClient.open(own.port);
    expect(await next.logIn("token", own.token)).toStartWith("230 ");
  });

  test("count as well where they are only begun", async () => {
    await using own = await SecureScene.start();
    using client = await SecureClient.open(own.port);
    const begin = (): Promise<string> =>
      client.authenticate(new ScramClient("token", "x", client.binding).first(), MECHANISM);
    for (let i = 0; i < 3; i++) expect(await begin()).toStartWith("334 ");
    expect(await begin()).toStartWith("530 ");
    expect(await client.raw.rest()).toStartWith("421 closing ");
  });

  test("make the address wait, in the end longer than a login may take", async () => {
    await using own = await SecureScene.start(["--tls", "--login-timeout", "2"]);
    let reply = WRONG;
    for (let tries = 0; reply === WRONG && tries < 20; tries++) {
      using client = await SecureClient.open(own.port);
      reply = await client.logIn("token", `wrong ${tries}`);
    }
    expect(reply).toBe(
      "421 busy There were too many wrong logins from your address: try again later",
    );
    const ran = await own.connect(own.pinned, "LS");
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("too many wrong logins from your address");
  });

  test.each(["the connection is closed", "another is begun"])(
    "make the address wait as well where they are only begun, and %s",
    async (how) => {
      await using own = await SecureScene.start(["--tls", "--login-timeout", "2"]);
      let reply = "334 ";
      // On a slow machine the time for a login can be over before it would have to wait too long.
      for (let tries = 0; !reply.startsWith("421 busy") && tries < 60; tries++) {
        using client = await SecureClient.open(own.port);
        const begin = (): Promise<string> =>
          client.authenticate(new ScramClient("token", "x", client.binding).first(), MECHANISM);
        reply = await begin();
        if (how === "another is begun" && reply.startsWith("334 ")) reply = await begin();
      }
      expect(reply).toStartWith("421 busy There were too many wrong logins");
    },
  );

  test("end a client with status 4, and are not tried again", async () => {
    await using own = await SecureScene.start();
    const options = { token: "wrong", env: { SFTP_RETRIES: "5" } };
    const ran = await own.connectWith(options, own.pinned, "LS");
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain(
      "The login as token failed: the token is wrong, or the server has users: for these open " +
        "USER@HOST:PORT",
    );
    const asAnna = await own.connectWith(options, `anna@${own.pinned}`, "LS");
    expect(asAnna.stderr).toContain("The login as anna failed: The user or the password is wrong");
    expect(ran.stderr).not.toContain("trying again");
    expect(own.knownHosts).toBe("");
    await own.server.stop();
    expect(own.server.log.match(/did not log in: 530/g)).toHaveLength(2);
  });
});

describe("--login-timeout", () => {
  const flags = ["--tls", "--login-timeout", "0.5"];

  test.each([
    ["nothing", ""],
    ["the beginning of a handshake", "\u0016\u0003\u0001\u0002\u0000\u0001"],
  ])("closes a connection that sends %s", async (_, sent) => {
    await using own = await SecureScene.start(flags);
    const socket = connectSocket(own.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(Buffer.from(sent, "latin1"));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(own.server.log).not.toContain("connected");
  });

  test("closes a connection that does not log in, whatever it sends", async () => {
    await using own = await SecureScene.start(flags);
    using client = await SecureClient.open(own.port);
    const talking = setInterval(() => client.raw.sendLine("NOOP"), 200);
    const all = await client.raw.rest();
    clearInterval(talking);
    expect(all).toEndWith("421 idle The login has taken too long\n");
  });

  test("is over for who has logged in", async () => {
    await using own = await SecureScene.start(flags);
    using client = await SecureClient.open(own.port);
    expect(await client.logIn("token", own.token)).toStartWith("230 ");
    using late = await SecureClient.open(own.port);
    expect(await late.raw.rest()).toStartWith("421 idle ");
    expect(await client.raw.sendLine("NOOP").reply()).toBe("200");
  });
});

describe("the server refuses", () => {
  test.each([
    ["TLS 1.2", { maxVersion: "TLSv1.2" as const }],
    ["another protocol in TLS", { ALPNProtocols: ["h2"] }],
    ["no protocol in TLS", { ALPNProtocols: [] }],
  ])("%s", async (_, options) => {
    await expect(
      SecureClient.open(scene.port, options).then((client) => client[Symbol.dispose]()),
    ).rejects.toThrow();
  });

  test("plain text: nothing of it is looked at", async () => {
    const socket = connectSocket(scene.port, "127.0.0.1");
    const pieces: Buffer[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.write("GET canary\nDELETE canary\n");
    await new Promise((resolve) => socket.once("close", resolve));
    expect(Buffer.concat(pieces).toString("latin1")).not.toMatch(/220|canary/);
    expect(existsSync(scene.folder.join("server/canary"))).toBe(true);
  });
});

test("SIGTERM ends the server at once, whoever is on the way in", async () => {
  await using own = await SecureScene.start(["--tls", "--login-timeout", "600"]);
  const shaking = connectSocket(own.port, "127.0.0.1");
  shaking.on("error", () => undefined);
  await new Promise((resolve) => shaking.once("connect", resolve));
  using unknown = await SecureClient.open(own.port);
  using known = await SecureClient.open(own.port);
  expect(await known.logIn("token", own.token)).toStartWith("230 ");
  const ended = own.server.stop();
  expect(await unknown.raw.rest()).toBe("421 closing The server shuts down\n");
  expect(await known.raw.rest()).toBe("421 closing The server shuts down\n");
  for (const client of [unknown, known]) client.raw.finish();
  expect(await ended).toBe(0);
  shaking.destroy();
});

describe("the last reply arrives", () => {
  test("behind a FIN, with all that was owed before it", async () => {
    const content = writeRandom(scene.folder.join("server/large"), 5_000_000);
    using client = await SecureClient.open(scene.port);
    expect(await client.logIn("token", scene.token)).toStartWith("230 ");
    client.raw.sendLine("GET large").sendLine("QUIT").finish();
    expect(await client.raw.line()).toStartWith("150 size=5000000 ");
    const { content: got, end } = await client.raw.body();
    expect(got.equals(content)).toBe(true);
    expect(end).toStartWith("226 digest=");
    expect(await client.raw.rest()).toBe("221\n");
  });

  test("when the server closes because of it", async () => {
    using client = await SecureClient.open(scene.port);
    expect(await client.raw.send("+5\nhello").rest()).toStartWith("500 syntax ");
  });
});

describe("secrets", () => {
  test("from a file that others can read are refused: 4; from one's own they are taken", async () => {
    const file = scene.folder.join("token-file");
    write(file, `${scene.token}\n`);
    const flags = ["--token-file", file];
    const options = { token: undefined };
    chmodSync(file, 0o644);
    const refused = await scene.connectWith(options, scene.pinned, "LS", ...flags);
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain(`${file} can be read by others than its owner`);
    chmodSync(file, 0o600);
    expect((await scene.connectWith(options, scene.pinned, "LS", ...flags)).status).toBe(0);
    const none = await scene.connectWith(options, scene.pinned, "LS", "--token-file", `${file}x`);
    expect(none.status).toBe(5);
  });

  test("of the server that others can read are refused at its start: 4", async () => {
    using folder = new TemporaryFolder();
    const own = await SecureScene.start(["--tls"], folder);
    await own.server.stop();
    for (const name of ["token", "identity.pem"]) {
      chmodSync(folder.join("server-state/sftp", name), 0o640);
      const env = { XDG_STATE_HOME: folder.join("server-state") };
      const ran = await run(["serve", "--tls", "--port", "0", "--root", folder.join("s")], { env });
      expect(ran.status).toBe(4);
      expect(ran.stderr).toContain("can be read by others");
      expect(ran.stderr).not.toContain("Serving");
      chmodSync(folder.join("server-state/sftp", name), 0o600);
    }
  });

  test("stand with the server in the configuration, which nobody else may read", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("sftp/config.toml");
    write(file, `[servers.lab]\naddress = "${scene.pinned}"\ntoken = "${scene.token}"\n`);
    const env = { XDG_CONFIG_HOME: folder.path };
    const ask = () => scene.connectWith({ token: undefined, env }, "lab", "LS");
    chmodSync(file, 0o600);
    expect(await ask()).toMatchObject({ status: 0 });
    for (const mode of [0o640, 0o604]) {
      chmodSync(file, mode);
      const refused = await ask();
      expect(refused.status).toBe(4);
      expect(refused.stderr).toBe(
        `sftp: Others can read ${file}, which holds a token: chmod 600 ${file}\n`,
      );
    }
    write(file, `[servers.lab]\naddress = "${scene.pinned}"\ntoken = "wrong"\n`);
    chmodSync(file, 0o600);
    const wrong = await ask();
    expect(wrong.status).toBe(4);
    expect(wrong.stderr).toContain("The login as token failed");
    const first = await scene.connectWith({ token: scene.token, env }, "lab", "LS");
    expect(first.status, first.stderr).toBe(0);
  });

  test("are asked for by nobody in a script without a terminal: 4", async () => {
    const ran = await scene.connectWith({ token: undefined }, scene.pinned, "LS");
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain(
      "put it in SFTP_TOKEN, in a file for --token-file, or with the server",
    );
  });

  test("are in nothing that either program prints, whatever goes wrong", async () => {
    await using own = await SecureScene.start(["--tls", "--json"]);
    const secret = own.token;
    const printed: string[] = [];
    for (const address of [own.pinned, `anna@${own.pinned}`, own.address, "127.0.0.1:1"]) {
      for (const token of [secret, `${secret}x`]) {
        for (const flags of [[], ["--json"], ["--verbose"]]) {
          const ran = await own.connectWith({ token }, address, "LS; GET none; STAT", ...flags);
          printed.push(ran.stdout, ran.stderr);
        }
      }
    }
    await own.server.stop();
    const all = printed.join("\n") + own.server.log;
    expect(all).toContain("login");
    expect(all).not.toContain(secret);
  });

  test("can be typed at a terminal, where they are not shown, and are asked for once", async () => {
    await using own = await SecureScene.start();
    const state = own.folder.join("fresh");
    await using shell = new TerminalProgram(["connect"], own.folder.path, {
      env: { XDG_STATE_HOME: state },
    });
    await shell.waitFor(/sftp> /);
    await shell.type(`OPEN ${own.address}#${own.pin}`, /Token for 127\.0\.0\.1:\d+: /);
    await shell.type(own.token, /Connected to 127\.0\.0\.1:\d+\./);
    await shell.type("LS", /127\.0\.0\.1:\d+> /);
    await shell.type("CLOSE", /Closed the connection/);
    await shell.type(`OPEN ${own.address}`, /Connected to/);
    expect(shell.screen).not.toContain(own.token);
    expect(shell.screen.match(/Token for/g)).toHaveLength(1);
  });
});

describe("an unknown server at a terminal", () => {
  test("is asked about once, with its PIN, and is known when the login has proved it", async () => {
    await using own = await SecureScene.start();
    const env = { XDG_STATE_HOME: own.folder.join("client-state") };
    // Another spelling of this machine, which is not taken for it.
    const address = `0.0.0.0:${own.port}`;
    await using shell = new TerminalProgram(["connect", address], own.folder.path, { env });
    await shell.waitFor(/is not known yet[^]*Go on\? \(y\/N\): /);
    expect(shell.screen).toContain(own.pin);
    await shell.type("y", /Token for \S+: /);
    expect(own.knownHosts).toBe("");
    await shell.type("wrong", /The login as token failed/);
    expect(own.knownHosts).toBe("");
    await shell.type(`OPEN ${address}`, /Go on\? \(y\/N\): /);
    await shell.type("y", /Token for \S+: /);
    await shell.type(own.token, /Connected to/);
    expect(own.knownHosts).toContain(`${address} ${own.pin}\n`);
  });

  test.each(["", "n", "yesterday"])("is not trusted after the answer %j", async (answer) => {
    const env = { XDG_STATE_HOME: scene.folder.join("client-state-2") };
    await using shell = new TerminalProgram(["connect"], scene.folder.path, { env });
    await shell.waitFor(/sftp> /);
    await shell.type(`OPEN 0.0.0.0:${scene.port}`, /Go on\? \(y\/N\): /);
    await shell.type(answer, /is not trusted: not connected/);
    await shell.type("QUIT", /QUIT/);
    await shell.process.exited;
    expect(existsSync(scene.folder.join("client-state-2/sftp/known_hosts"))).toBe(false);
  });
});

function encode(message: string): string {
  return Buffer.from(message).toString("base64url");
}

function decode(data: string): string {
  return Buffer.from(data, "base64url").toString();
}
