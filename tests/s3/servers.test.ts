import { expect, test } from "bun:test";
import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deadPort } from "../support/ports.ts";
import { read, write, writeRandom } from "../support/files.ts";
import {
  cleanEnvironment,
  ClientProcess,
  run,
  ServerProcess,
  TemporaryFolder,
} from "../support/programs.ts";
import { StallingProxy } from "../support/proxy.ts";
import { SecureClient } from "../support/secure.ts";
import {
  BUCKET,
  describeWithGateway,
  emptyPrefix,
  freshPrefix,
  gateway,
  openBucket,
} from "./gateway.ts";
import { soon } from "./soon.ts";

const MIB = 1024 * 1024;
const PART = 8 * MIB;

/** The configuration of HAProxy that the page for operators shows. */
function documented(): string {
  const page = readFileSync(join(import.meta.dir, "../../docs/OPERATING.md"), "utf8");
  const [, config] = /^```haproxy\n([^]*?)^```$/m.exec(page) ?? [];
  if (config === undefined) throw new Error("the page has no configuration");
  return config;
}

/** HAProxy as the page has it, on other ports. */
class Balancer implements AsyncDisposable {
  readonly port: number;
  readonly #process: Bun.Subprocess;

  private constructor(port: number, process: Bun.Subprocess) {
    this.port = port;
    this.#process = process;
  }

  static async start(folder: TemporaryFolder, servers: readonly number[]): Promise<Balancer> {
    const port = await deadPort();
    const left = [...servers];
    const config = documented()
      .replace("bind :12000", `bind 127.0.0.1:${port}`)
      .replace(/(server \w+) [\d.]+:12000/g, (_, name) => `${name} 127.0.0.1:${left.shift()}`);
    expect(left).toEqual([]);
    write(folder.join("haproxy.cfg"), config);
    const process = Bun.spawn(["haproxy", "-db", "-f", folder.join("haproxy.cfg")], {
      env: cleanEnvironment({ PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }),
      stdout: "ignore",
      stderr: "ignore",
    });
    await soon(() => answers(port));
    return new Balancer(port, process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

describeWithGateway("three servers on one bucket behind HAProxy", () => {
  test.skipIf(Bun.which("haproxy", { PATH: "/usr/sbin:/usr/bin" }) === null)(
    "kill -9 of one in the middle of an upload: the client goes on at another",
    async () => {
      using folder = new TemporaryFolder();
      const bucket = await openBucket();
      const prefix = freshPrefix();
      const env = { ...gateway().environment, XDG_STATE_HOME: folder.join("state") };
      const servers: ServerProcess[] = [];
      await using stack = new AsyncDisposableStack();
      stack.defer(() => emptyPrefix(bucket, prefix));
      for (let index = 0; index < 3; index++) {
        const flags = ["--tls", "--json", "--proxy-protocol", "127.0.0.1"];
        const server = await ServerProcess.start(`s3://${BUCKET}/${prefix}`, flags, { env });
        stack.use(server);
        servers.push(server);
      }
      const [pin] = await Promise.all(
        servers.map(async (server) => (await server.waitFor(/"pin":"([\w-]{43})"/))[1]),
      );
      const token = readFileSync(folder.join("state/sftp/token"), "utf8").trim();
      const balancer = stack.use(
        await Balancer.start(
          folder,
          servers.map(({ port }) => port),
        ),
      );

      // Whoever comes through the balancer is known by his own address.
      const socket = connect({
        port: balancer.port,
        host: "127.0.0.1",
        localAddress: "127.0.0.77",
      });
      using client = await SecureClient.open(balancer.port, { socket });
      expect(await client.logIn("token", token)).toStartWith("230 ");
      await soon(() => servers.some(({ log }) => log.includes('"login","client":"127.0.0.77:')));

      const content = writeRandom(folder.join("client/big"), 64 * MIB + 5);
      const proxy = stack.use(await StallingProxy.start(balancer.port, { toServer: 45 * MIB }));
      const running = stack.use(
        ClientProcess.start(
          folder.join("client"),
          [`127.0.0.1:${proxy.port}#${pin}`, "--json", "-c", "PUT big", "--retries", "20"],
          { env: { SFTP_TOKEN: token, XDG_STATE_HOME: folder.join("client-state") } },
        ),
      );
      await proxy.stalled;
      // Four parts are in the store for certain when the record names them.
      await soon(async () => (await recordedParts(prefix)) >= 4);
      const logins = (server: ServerProcess): number => server.log.split('"event":"login"').length;
      const busiest = servers.toSorted((a, b) => logins(b) - logins(a));
      const victims = busiest.filter((server) =>
        /"login","client":"127\.0\.0\.1:/.test(server.log),
      );
      expect(victims).toHaveLength(1);
      await victims[0]?.stop("SIGKILL");
      proxy.release();
      expect(await running.ended()).toBe(0);

      const [, line = ""] = /(\{"event":"transferred".*\})\n/.exec(running.stdout) ?? [];
      const { reused, bytes } = JSON.parse(line) as { reused: number; bytes: number };
      expect(bytes).toBe(content.length);
      expect(reused).toBeGreaterThanOrEqual(4 * PART);
      const address = `127.0.0.1:${balancer.port}#${pin}`;
      const got = await run(
        ["connect", address, "--root", folder.join("client"), "-c", "GET big back"],
        { env: { SFTP_TOKEN: token, XDG_STATE_HOME: folder.join("client-state") } },
      );
      expect(got.status).toBe(0);
      expect(read(folder.join("client/back"))?.equals(content)).toBe(true);
      const left: string[] = [];
      for await (const { key } of bucket.uploads(`${prefix}/`)) left.push(key);
      expect(left).toEqual([]);
    },
    240_000,
  );

  async function recordedParts(prefix: string): Promise<number> {
    const bucket = await openBucket();
    for await (const { objects } of bucket.list(`${prefix}/.sftp-staging/`)) {
      for (const { key } of objects) {
        const body = (await bucket.get(key, MIB))?.body.toString() ?? "";
        const found = body.startsWith("{") ? (JSON.parse(body) as { parts: unknown[] }) : undefined;
        if (found !== undefined && found.parts.length > 0) return found.parts.length;
      }
    }
    return 0;
  }
});
