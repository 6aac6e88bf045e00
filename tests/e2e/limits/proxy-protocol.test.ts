import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";

const LOOPBACK = ["--json", "--proxy-protocol", "192.0.2.99,127.0.0.0/8"];

/** Connects as a proxy does, with these bytes ahead of everything. */
function open(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function introduced(port: number, ...pieces: (string | Buffer)[]): Promise<RawClient> {
  const socket = await open(port);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return RawClient.over(socket);
}

const V2 = Buffer.from(
  "0d0a0d0a000d0a515549540a2111000cc00002080a0000010400 2ee0".replace(" ", ""),
  "hex",
);

describe("--proxy-protocol", () => {
  test("takes the word of a proxy for who has come, in both versions", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("root"), LOOPBACK);
    const line = "PROXY TCP4 192.0.2.7 10.0.0.1 5555 12000\r\n";
    using first = await introduced(server.port, line);
    expect(first.greeting).toStartWith("220 ");
    await server.waitFor(/"connected","client":"192\.0\.2\.7:5555"/);
    using second = await introduced(
      server.port,
      V2.subarray(0, 5),
      V2.subarray(5, 20),
      V2.subarray(20),
    );
    expect(await second.sendLine("NOOP").line()).toBe("200");
    await server.waitFor(/"connected","client":"192\.0\.2\.8:1024"/);
    // What came in one packet with it is the client's first request.
    using third = await introduced(server.port, `${line.replace("5555", "5556")}NOOP\n`);
    expect(await third.line()).toBe("200");
  });

  test("takes it ahead of TLS, and leaves the handshake behind it whole", async () => {
    await using scene = await SecureScene.start(["--tls", ...LOOPBACK.slice(1)]);
    const socket = await open(scene.port);
    socket.write("PROXY TCP6 2001:db8::7 2001:db8::1 5555 12000\r\n");
    using client = await SecureClient.open(scene.port, { socket });
    expect(await client.logIn("token", scene.token)).toStartWith("230 ");
    await scene.server.waitFor(/\[2001:db8::7\]:5555 logged in/);
  });

  test("turns away over TLS whoever is too many, by who has come", async () => {
    const flags = ["--tls", ...LOOPBACK.slice(1), "--max-per-address", "1"];
    await using scene = await SecureScene.start(flags);
    const from = async (address: string): Promise<SecureClient> => {
      const socket = await open(scene.port);
      socket.write(`PROXY TCP4 ${address} 10.0.0.1 5555 12000\r\n`);
      return SecureClient.open(scene.port, { socket });
    };
    using one = await from("192.0.2.7");
    expect(one.raw.greeting).toStartWith("220 ");
    using again = await from("192.0.2.7");
    expect(again.raw.greeting).toStartWith("421 busy ");
    using other = await from("192.0.2.8");
    expect(other.raw.greeting).toStartWith("220 ");
  });

  test("counts connections by who has come, and not by the proxy", async () => {
    using folder = new TemporaryFolder();
    const flags = [...LOOPBACK, "--max-per-address", "1"];
    await using server = await ServerProcess.start(folder.join("root"), flags);
    const from = (address: string): Promise<RawClient> =>
      introduced(server.port, `PROXY TCP4 ${address} 10.0.0.1 5555 12000\r\n`);
    using one = await from("192.0.2.7");
    expect(one.greeting).toStartWith("220 ");
    using again = await from("192.0.2.7");
    expect(again.greeting).toStartWith("421 busy");
    using other = await from("192.0.2.8");
    expect(other.greeting).toStartWith("220 ");
  });

  test("counts those that have not said yet who has come, until they have or are gone", async () => {
    using folder = new TemporaryFolder();
    const flags = [...LOOPBACK, "--max-connections", "3"];
    await using server = await ServerProcess.start(folder.join("root"), flags);
    const line = "PROXY TCP4 192.0.2.7 10.0.0.1 5555 12000\r\n";
    const silent = [await open(server.port), await open(server.port), await open(server.port)];
    using refused = await introduced(server.port);
    expect(refused.greeting).toStartWith("421 busy All 3 connections");
    // Whoever says it has the place that was counted for it.
    silent[0]?.write(line);
    await server.waitFor(/"connected","client":"192\.0\.2\.7:5555"/);
    using still = await introduced(server.port);
    expect(still.greeting).toStartWith("421 busy All 3 connections");
    silent[1]?.destroy();
    for (;;) {
      using next = await introduced(server.port, line);
      if (next.greeting.startsWith("220 ")) break;
    }
    for (const socket of silent) socket.destroy();
  });

  test("closes a connection of a proxy that does not say who has come", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("root"), LOOPBACK);
    for (const said of [
      "LIST\n\n\n\n\n\n\n\n\n",
      "PROXY TCP4 nobody\r\n",
      "GET / HTTP/1.1\r\n\r\n",
    ]) {
      const socket = await open(server.port);
      const received: Buffer[] = [];
      socket.on("data", (piece: Buffer) => received.push(piece));
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.on("error", () => undefined);
      socket.write(said);
      await closed;
      expect(Buffer.concat(received).toString()).toBe("");
    }
    using whole = await introduced(server.port, "PROXY UNKNOWN\r\n");
    expect(whole.greeting).toStartWith("220 ");
  });

  test("takes nobody else's word: the line is refused as a request", async () => {
    using folder = new TemporaryFolder();
    const flags = ["--json", "--proxy-protocol", "192.0.2.99"];
    await using server = await ServerProcess.start(folder.join("root"), flags);
    using client = await introduced(
      server.port,
      "PROXY TCP4 192.0.2.7 10.0.0.1 5555 12000\r\nNOOP\n",
    );
    expect(client.greeting).toStartWith("220 ");
    expect(await client.line()).toStartWith("500 syntax");
    expect(server.log).not.toContain("192.0.2.7");
  });

  test("wants addresses", async () => {
    const { status, stderr } = await run(["serve", "--proxy-protocol", "balancer"]);
    expect(status).toBe(2);
    expect(stderr).toContain("--proxy-protocol balancer is no address");
  });
});
