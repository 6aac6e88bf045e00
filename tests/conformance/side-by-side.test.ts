import { describe, expect, test } from "bun:test";
import { Server } from "../../src/server/server.ts";
import type { Path } from "../../src/storage/errors.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";

const MINUTE = 60_000;

/** A server whose storage wants several requests of a client at the same time, as a far one does. */
class FarServer implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  #server: Server | undefined;

  /** @param late paths that are slow to be created */
  async start(late: (path: Path) => Promise<void>): Promise<Server> {
    const local = await LocalStorage.open(this.#folder.join("root"), { make: true });
    const create: Storage["create"] = async (path, options) => {
      await late(path);
      return local.create(path, options);
    };
    const storage = new Proxy(local, {
      get: (target, name) => {
        if (name === "readSmall" || name === "storeSmall") return undefined;
        if (name === "create") return create;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    this.#server = new Server({
      protection: undefined,
      host: "127.0.0.1",
      port: 0,
      storage,
      observe: () => undefined,
      program: "sftp/0",
      deadlines: { idle: MINUTE, line: MINUTE, minRate: 1 },
      limits: { connections: 10, perAddress: 10, unauthenticated: 10 },
      proxies: undefined,
      withheld: new Map(),
      readOnly: false,
      quota: {},
      rateLimit: undefined,
      keepPartial: MINUTE,
      onInternalError: (error) => {
        throw error;
      },
    });
    return this.#server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop(0);
    this.#folder[Symbol.dispose]();
  }
}

describe("requests of one client that are carried out at the same time", () => {
  test("are answered in their order", async () => {
    const gate = Promise.withResolvers<void>();
    await using far = new FarServer();
    const { port } = await far.start(async ([name]) => {
      if (name === "slow") await gate.promise;
      if (name === "fast") gate.resolve();
    });
    using client = await RawClient.open(port);
    client.send("PUT slow size=1\n+1\naEND\n", "PUT fast size=2\n+2\nabEND\n", "NOOP\n");
    expect(await client.reply()).toStartWith("226 size=1 ");
    expect(await client.reply()).toStartWith("226 size=2 ");
    expect(await client.reply()).toBe("200");
  });

  test("are ended by a server that stops, and no more is waited for", async () => {
    const begun = Promise.withResolvers<void>();
    await using far = new FarServer();
    const server = await far.start(async () => begun.resolve());
    using client = await RawClient.open(server.port);
    client.send("PUT whole size=5\n", "+5\nhello");
    await begun.promise;
    const stopped = server.stop(10 * MINUTE);
    client.sendLine("END");
    expect(await client.reply()).toStartWith("226 size=5 ");
    expect(await client.reply()).toStartWith("421 closing ");
    client.finish();
    await stopped;
  });

  test("are told once that an upload is not grammatical", async () => {
    const gate = Promise.withResolvers<void>();
    await using far = new FarServer();
    const { port } = await far.start(() => gate.promise);
    using client = await RawClient.open(port);
    client.send("PUT bad size=5\n", "nonsense\n", "NOOP\n").finish();
    // By now the server has read all of it.
    await Bun.sleep(100);
    gate.resolve();
    expect(await client.reply()).toStartWith("500 syntax ");
    expect(await client.rest()).toBe("");
  });
});
