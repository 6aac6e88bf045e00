import { describe, expect, test } from "bun:test";
import type { ServerEvent } from "../../src/observe/events.ts";
import { Server } from "../../src/server/server.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import type { NewSmallFile, Storage } from "../../src/storage/storage.ts";
import { until } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { contentsOf } from "../support/trees.ts";

const MINUTE = 60_000;
const COUNT = 20;
const NAMES = Array.from({ length: COUNT }, (_, index) => `f${index}`);

/** A server on a folder, of whose storage the short way for small files is another. */
class ShortWayScene implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly errors: unknown[] = [];
  readonly events: ServerEvent[] = [];
  #server: Server | undefined;

  async start(
    ways: Pick<Storage, "readSmall" | "storeSmall">,
    { rateLimit, observe }: { rateLimit?: number; observe?: (event: ServerEvent) => void } = {},
  ): Promise<RawClient> {
    const storage = await LocalStorage.open(this.folder.join("root"), { make: true });
    for (const [name, value] of Object.entries(ways)) {
      Object.defineProperty(storage, name, { value });
    }
    this.#server = new Server({
      protection: undefined,
      host: "127.0.0.1",
      port: 0,
      storage,
      observe: (event) => {
        this.events.push(event);
        observe?.(event);
      },
      program: "sftp/0",
      deadlines: { idle: MINUTE, line: MINUTE, minRate: 1 },
      limits: { connections: 10, perAddress: 10, unauthenticated: 10 },
      proxies: undefined,
      withheld: new Map(),
      readOnly: false,
      quota: {},
      rateLimit,
      keepPartial: MINUTE,
      onInternalError: (error) => this.errors.push(error),
    });
    return RawClient.open(this.#server.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop(0);
    this.folder[Symbol.dispose]();
  }
}

function putAll(): string {
  return NAMES.map((name) => `PUT ${name} size=${name.length}\n+${name.length}\n${name}END\n`).join(
    "",
  );
}

const fails = () => Promise.reject(new Error("trouble"));

describe("where the short way for small files fails", () => {
  test.each([undefined, 1024 ** 3])("each is moved by itself, with a rate of %p", async (rate) => {
    await using scene = new ShortWayScene();
    const options = rate === undefined ? {} : { rateLimit: rate };
    using client = await scene.start({ readSmall: fails, storeSmall: fails }, options);
    client.send(putAll());
    for (const name of NAMES) expect(await client.reply()).toStartWith(`226 size=${name.length} `);
    expect(contentsOf(scene.folder.join("root"))).toEqual(
      Object.fromEntries(NAMES.map((name) => [name, name])),
    );
    const afterPut = scene.errors.length;
    client.send(NAMES.map((name) => `GET ${name}\n`).join(""));
    for (const name of NAMES) {
      expect(await client.reply()).toStartWith("150 ");
      expect((await client.body()).content.toString()).toBe(name);
    }
    client.send("NOOP\n");
    expect(await client.reply()).toBe("200");
    expect(afterPut).toBeGreaterThan(0);
    expect(scene.errors.length).toBeGreaterThan(afterPut);
    expect(String(scene.errors[0])).toBe("Error: trouble");
  });

  test("so that no reply can be given, the connection is cut", async () => {
    await using scene = new ShortWayScene();
    const observe = (event: ServerEvent): void => {
      if (event.event === "transferred") throw new Error("the log is broken");
    };
    using client = await scene.start({}, { observe });
    client.send(putAll());
    expect(await client.rest()).not.toContain("226 size=3");
    expect(scene.errors.map(String)).toContain("Error: the log is broken");
  });
});

test.each(["is reset", "was ended before"])(
  "what waits of a client whose connection %s is dropped, for nobody would hear of it",
  async (how) => {
    await using scene = new ShortWayScene();
    const count = 640;
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    let calls = 0;
    const storeSmall = async (files: readonly NewSmallFile[]) => {
      asked += files.length;
      if (calls++ === 0) await gate.promise;
      // That the other side is gone is told by the system, when it is asked.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      return files.map(() => 0);
    };
    using client = await scene.start({ storeSmall });
    const content = "x".repeat(3000);
    for (let index = 0; index < count; index++) {
      client.send(`PUT f${index} size=3000\n+3000\n${content}END\n`);
    }
    await until(() => asked > 0);
    if (how === "is reset") client.socket.resetAndDestroy();
    else client.finish().socket.destroy();
    gate.resolve();
    await until(() => scene.events.some(({ event }) => event === "disconnected"));
    // Some were begun already, and some of those are told of in the log.
    expect(asked).toBeLessThan(count / 2);
    expect(scene.events.filter(({ event }) => event === "failed").length).toBeLessThan(count / 2);
    expect(scene.errors).toEqual([]);
  },
);
