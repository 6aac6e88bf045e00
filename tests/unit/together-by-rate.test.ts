import { describe, expect, spyOn, test } from "bun:test";
import { BLOCK_SIZE } from "../../src/protocol/limits.ts";
import { Rates } from "../../src/server/rates.ts";
import { Session } from "../../src/server/session.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import type { NewSmallFile } from "../../src/storage/storage.ts";
import { listen } from "../../src/transport/tcp.ts";
import { until } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { contentsOf, writeTree } from "../support/trees.ts";
import { blockDigest } from "../support/wire.ts";

const DEADLINE_MS = 60_000;

/** A server with a rate, of which is seen what it asks of the storage and of the rate. */
class RateScene implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly client: RawClient;
  /** How many files each message to the storage was about. */
  readonly asked: number[];
  /** Bytes that wait for the rate, or have waited. */
  readonly passes: number[];
  /** Bytes of uploads that were begun together. */
  readonly begun: number[];
  readonly #close: () => Promise<void>;

  private constructor(
    scene: Pick<RateScene, "folder" | "client" | "asked" | "passes" | "begun">,
    close: () => Promise<void>,
  ) {
    this.folder = scene.folder;
    this.client = scene.client;
    this.asked = scene.asked;
    this.passes = scene.passes;
    this.begun = scene.begun;
    this.#close = close;
  }

  /**
   * @param rate bytes a second
   * @param store stores small files in place of the storage
   */
  static async start(
    rate: number,
    files: Readonly<Record<string, string>> = {},
    store?: LocalStorage["storeSmall"],
  ): Promise<RateScene> {
    const folder = new TemporaryFolder();
    writeTree(folder.path, files);
    const storage = await LocalStorage.open(folder.path, { make: true });
    const { storeSmall } = storage;
    if (storeSmall === undefined) throw new Error("the storage stores no small files together");
    const asked: number[] = [];
    const readSmall = storage.readSmall.bind(storage);
    spyOn(storage, "readSmall").mockImplementation((paths) => {
      asked.push(paths.length);
      return readSmall(paths);
    });
    const storing = (all: readonly NewSmallFile[]) => {
      asked.push(all.length);
      return (store ?? storeSmall)(all);
    };
    Object.defineProperty(storage, "storeSmall", { value: storing });
    const rates = new Rates(rate);
    const shared = rates.enter("everybody");
    spyOn(rates, "enter").mockReturnValue(shared);
    const passes: number[] = [];
    const pass = shared.pass.bind(shared);
    spyOn(shared, "pass").mockImplementation((bytes, mind) => {
      passes.push(bytes);
      return pass(bytes, mind);
    });
    const begun: number[] = [];
    const takeNow = shared.takeNow.bind(shared);
    spyOn(shared, "takeNow").mockImplementation((bytes) => {
      begun.push(bytes);
      return takeNow(bytes);
    });
    const running: Promise<void>[] = [];
    const listener = listen("127.0.0.1", 0, {
      expect: () => () => undefined,
      arrive: () => undefined,
      leave: () => undefined,
      accept: (connection) => {
        const options = {
          storage,
          guard: undefined,
          observe: () => undefined,
          program: "sftp/test",
          deadlines: { idle: DEADLINE_MS, line: DEADLINE_MS, minRate: 1 },
          withheld: new Map(),
          rates,
          onLogin: () => undefined,
          onGone: () => undefined,
          onInternalError: (error: unknown) => console.error(error),
        };
        running.push(new Session(connection, options).run());
      },
    });
    const client = await RawClient.open(listener.port);
    return new RateScene({ folder, client, asked, passes, begun }, async () => {
      client[Symbol.dispose]();
      listener.close();
      await Promise.all(running);
      await storage.close();
      folder[Symbol.dispose]();
    });
  }

  /** The next replies to so many requests, by what they begin with; the bodies are passed over. */
  async replies(count: number): Promise<string[]> {
    const replies: string[] = [];
    while (replies.length < count) {
      const line = await this.client.reply();
      const [, bytes] = /^\+(\d+) /.exec(line) ?? [];
      if (bytes !== undefined) await this.client.bytes(Number(bytes));
      else if (!line.startsWith("150 ")) replies.push(line.slice(0, 3));
    }
    return replies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

/** An upload as it is sent. */
function put(name: string, content: string): string {
  const digest = blockDigest(Buffer.from(content));
  return `PUT ${name} size=${content.length}\n+${content.length} ${digest}\n${content}END\n`;
}

const NAMES = Array.from({ length: 128 }, (_, index) => `f${index}`);
const G = 1024 ** 3;
const STORED = NAMES.map(() => "226");

describe("small files of a client with a rate", () => {
  test("are stored together, and read together", async () => {
    await using scene = await RateScene.start(G);
    const { client, asked, passes } = scene;
    client.send(NAMES.map((name) => put(name, name)).join(""));
    expect(await scene.replies(NAMES.length)).toEqual(STORED);
    // The first may be begun before the others have come.
    expect(asked.length).toBeLessThan(NAMES.length / 2);
    expect(passes).toEqual([]);
    asked.length = 0;
    client.send(NAMES.map((name) => `GET ${name}\n`).join(""));
    expect(await scene.replies(NAMES.length)).toEqual(STORED);
    expect(asked.length).toBeLessThan(NAMES.length / 2);
    expect(passes.length).toBeLessThan(NAMES.length / 2);
    const bytes = NAMES.join("").length;
    expect(sum(passes)).toBe(bytes);
  });

  test("wait for it one portion of each connection at a time, and are stored behind it", async () => {
    await using scene = await RateScene.start(1);
    const { client, asked, passes, begun, folder } = scene;
    const uploads = NAMES.map((name) => put(name, "0123456789"));
    client.send(uploads.join(""));
    await until(() => sum(begun) === 10 * NAMES.length);
    client.send("ABORT\n");
    expect(await scene.replies(NAMES.length)).toEqual(NAMES.map(() => "426"));
    expect(await client.reply()).toBe("225");
    expect(passes).toEqual([10]);
    expect(asked).toEqual([]);
    expect(contentsOf(folder.path)).toEqual({});
  });

  test("pass it no more at a time than a block of a large file", async () => {
    const content = "x".repeat(16 * 1024);
    await using scene = await RateScene.start(
      G,
      Object.fromEntries(NAMES.map((name) => [name, content])),
    );
    const { client, passes } = scene;
    client.send(NAMES.map((name) => `GET ${name}\n`).join(""));
    expect(await scene.replies(NAMES.length)).toEqual(STORED);
    expect(Math.max(...passes)).toBeLessThanOrEqual(BLOCK_SIZE);
    expect(sum(passes)).toBe(NAMES.length * content.length);
  });

  test("pass it once where they are stored one by one after all", async () => {
    const nothing = (all: readonly NewSmallFile[]) => Promise.resolve(all.map(() => undefined));
    await using scene = await RateScene.start(G, {}, nothing);
    const { client, asked, passes, folder } = scene;
    client.send(NAMES.map((name) => put(name, name)).join(""));
    expect(await scene.replies(NAMES.length)).toEqual(STORED);
    expect(asked.length).toBeLessThan(NAMES.length / 2);
    expect(passes).toEqual([]);
    expect(contentsOf(folder.path)).toEqual(Object.fromEntries(NAMES.map((name) => [name, name])));
  });
});
