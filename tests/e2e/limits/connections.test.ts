import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { FastClient } from "../../support/fast-client.ts";
import { until } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";

/** Everything that a new connection gets, up to its end. */
async function wholeAnswer(port: number): Promise<string[]> {
  using client = await FastClient.connect(port);
  return await client.lines();
}

/** So many connect at a time: where more wait to be let in, the system forgets some, silently. */
const WAVE = 200;

/** Opens connections that say nothing, and tells how many the server has closed. */
class Silent implements Disposable {
  readonly sockets: Socket[] = [];
  closed = 0;
  opened = 0;

  /** @param count of which the server closes all but a few at once */
  static async flood(port: number, count: number, localAddress: string): Promise<Silent> {
    const flood = new Silent();
    while (flood.sockets.length < count) {
      flood.open(port, Math.min(WAVE, count - flood.sockets.length), localAddress);
      await until(() => flood.closed >= flood.sockets.length - 20);
    }
    return flood;
  }

  open(port: number, count: number, localAddress: string): this {
    for (let index = 0; index < count; index++) {
      const socket = connect({ host: "127.0.0.1", port, localAddress });
      socket.on("connect", () => this.opened++);
      socket.on("close", () => this.closed++);
      socket.on("error", () => undefined);
      this.sockets.push(socket);
    }
    return this;
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

describe("--max-connections", () => {
  test("whoever is too many is told so and closed; when one goes, another comes", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.path, ["--max-connections", "3"]);
    using stack = new DisposableStack();
    const clients = [];
    for (let count = 0; count < 3; count++) {
      clients.push(stack.use(await FastClient.open(server.port)));
    }
    for (let tries = 0; tries < 20; tries++) {
      expect(await wholeAnswer(server.port)).toEqual([
        "421 busy All 3 connections of this server are in use: try later",
      ]);
    }
    expect(await clients[2]?.ask("NOOP")).toBe("200");
    expect(await clients[0]?.ask("QUIT")).toBe("221");
    clients[0]?.finish();
    await server.waitFor(/disconnected/);
    using next = await FastClient.open(server.port);
    expect(await next.ask("NOOP")).toBe("200");
    // Twenty were turned away, and two lines at the most say so.
    expect(server.log.match(/turned away/g)).toHaveLength(1);
    expect(server.log.match(/ connected/g)).toHaveLength(4);
    expect(await server.stop()).toBe(0);
    expect(server.log).toMatch(/and 18 more turned away: .*--max-connections allows\n/);
  });

  test("over TLS one is told why within the encryption, and a thousand cost no handshakes", async () => {
    await using scene = await SecureScene.start(["--tls", "--max-connections", "1"]);
    using inside = await SecureClient.open(scene.port);
    expect(await inside.logIn("token", scene.token)).toStartWith("230 ");
    using refused = await SecureClient.open(scene.port);
    expect(refused.raw.greeting).toStartWith("421 busy All 1 connections");
    expect(await refused.raw.rest()).toBe("");
    using flood = await Silent.flood(scene.port, 1000, "127.0.0.1");
    // All but a few are closed without a handshake; the few within a second.
    await until(() => flood.closed === 1000);
    // Also of those who are ready for one, ten a second get it.
    const began = performance.now();
    const told = await Promise.all(
      Array.from({ length: 300 }, () =>
        SecureClient.open(scene.port).then(
          (client) => client[Symbol.dispose](),
          () => "closed",
        ),
      ),
    );
    const most = 2 + (performance.now() - began) / 100;
    expect(told.filter((how) => how !== "closed").length).toBeLessThanOrEqual(most);
    expect(await inside.raw.sendLine("NOOP").reply()).toBe("200");
    const ran = await scene.connect(scene.pinned, "LS");
    expect(ran.status).toBe(3);
  });
});

describe("--max-unauthenticated", () => {
  test("5,000 from one address that never log in: capped, and another logs in", async () => {
    await using scene = await SecureScene.start(["--tls", "--max-unauthenticated", "20"]);
    using flood = await Silent.flood(scene.port, 5000, "127.0.0.2");
    // More of them where this takes longer than a login may.
    await until(() => flood.closed >= 4980);
    using client = await SecureClient.open(scene.port);
    expect(await client.logIn("token", scene.token)).toStartWith("230 ");
    // The cap holds, and one of the many has made room for the one.
    await until(() => flood.closed >= 4981);
    const ran = await scene.connect(scene.pinned, "LS");
    expect(ran).toMatchObject({ status: 0 });
    expect(scene.server.log.match(/turned away/g)?.length).toBeLessThan(4);
  });

  test("from as many addresses as there are places, on and on: another logs in all the same", async () => {
    const flags = ["--tls", "--max-unauthenticated", "20", "--login-timeout", "600"];
    await using scene = await SecureScene.start(flags);
    using stack = new DisposableStack();
    const crowd = Array.from({ length: 20 }, (_, index) =>
      stack.use(new Silent().open(scene.port, 1, `127.0.0.${index + 2}`)),
    );
    await until(() => crowd.every(({ opened }) => opened === 1));
    // Nobody has to make room before they have had the time to log in themselves.
    while ((await scene.connect(scene.pinned, "LS")).status !== 0) continue;
    await until(() => crowd.some(({ closed }) => closed === 1));
  });

  test("who shares the address with so many is told so; who has logged in does not count", async () => {
    await using scene = await SecureScene.start(["--tls", "--max-unauthenticated", "2"]);
    using stack = new DisposableStack();
    for (let count = 0; count < 5; count++) {
      const client = stack.use(await SecureClient.open(scene.port));
      expect(await client.logIn("token", scene.token)).toStartWith("230 ");
    }
    using _first = await SecureClient.open(scene.port);
    using _second = await SecureClient.open(scene.port);
    using third = await SecureClient.open(scene.port);
    expect(third.raw.greeting).toStartWith("421 busy Too many connections wait for their login");
  });

  test("a login that came to nothing gives its place back", async () => {
    await using scene = await SecureScene.start(["--tls", "--max-unauthenticated", "1"]);
    for (let round = 1; round <= 3; round++) {
      using client = await SecureClient.open(scene.port);
      expect(client.raw.greeting).toStartWith("220 ");
      expect(await client.logIn("token", "wrong")).toStartWith("530 ");
      client.raw.socket.destroy();
      await until(() => scene.server.log.split(" disconnected").length > round);
    }
  });
});

/** Whether a network of one's own can be had, and addresses in it. */
const hasNetwork =
  Bun.which("unshare") !== null &&
  Bun.which("ip") !== null &&
  Bun.spawnSync(["unshare", "-n", "ip", "link", "set", "lo", "up"]).exitCode === 0;
const [ADDRESS, OTHER] = ["192.0.2.1", "192.0.2.2"];

describe("--max-per-address", () => {
  test.skipIf(!hasNetwork)(
    `each address has so many, those of this machine any number${hasNetwork ? "" : " (needs a network of its own)"}`,
    async () => {
      const inside = [
        "ip link set lo up",
        `ip addr add ${ADDRESS}/32 dev lo`,
        `ip addr add ${OTHER}/32 dev lo`,
        'exec "$0" "$@"',
      ].join(" && ");
      const program = join(import.meta.dir, "per-address.ts");
      const child = Bun.spawn(
        ["unshare", "-n", "sh", "-c", inside, process.execPath, program, ADDRESS, OTHER],
        { stdout: "pipe", stderr: "pipe" },
      );
      const [stdout, stderr, status] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const outcomes: unknown = JSON.parse(stdout);
      expect(outcomes).toEqual({
        served: 5,
        refused: ["421 busy Your address has 5 connections open, and may have no more"],
        other: "220 ",
        again: "220 ",
        local: ["220 "],
        told: ["turned away: the address has as many connections as --max-per-address allows"],
      });
    },
  );
});
