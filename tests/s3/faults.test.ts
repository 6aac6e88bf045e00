import { describe, expect, test } from "bun:test";
import { bytesOf, expectProblem, listed, load, store } from "../conformance/ground.ts";
import { read, write, writeRandom } from "../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { FaultyStore, type Fault, type Plan } from "./faulty-store.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

const PART = 8 * 1024 * 1024;
const SMALL = bytesOf(1000);
const LARGE = bytesOf(2 * PART + 100);

const PASSING: readonly (readonly [string, Fault])[] = [
  ["is cut", "cut"],
  ["loses its answer", "lose"],
  ["gets half an answer", "halve"],
  ["gets 500", { status: 500, code: "InternalError" }],
  ["gets 503", { status: 503, code: "SlowDown" }],
  ["times out", "hang"],
];

/** A storage behind a store with faults. */
class Scene implements AsyncDisposable {
  readonly proxy: FaultyStore;
  readonly ground: S3Ground;

  private constructor(proxy: FaultyStore, ground: S3Ground) {
    this.proxy = proxy;
    this.ground = ground;
  }

  static async start(timeout = 30_000): Promise<Scene> {
    const proxy = await FaultyStore.start(gateway().endpoint);
    return new Scene(proxy, await S3Ground.make({ endpoint: proxy.endpoint, timeout }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.ground[Symbol.asyncDispose]();
  }
}

/** The first request that matches meets the fault, and no other. */
function once(wanted: RegExp, fault: Fault): Plan {
  let met = false;
  return ({ method, target }) => {
    if (met || !wanted.test(`${method} ${target}`)) return undefined;
    met = true;
    return fault;
  };
}

function always(wanted: RegExp, fault: Fault): Plan {
  return ({ method, target }) => (wanted.test(`${method} ${target}`) ? fault : undefined);
}

describeWithGateway("a store with faults", () => {
  describe.each(PASSING)("a request that %s once", (_what, fault) => {
    /** A request that hangs is given up soon; with bytes it has longer. */
    const timeout = fault === "hang" ? 500 : 30_000;

    test.each([
      ["small file", /PUT \S+\/f$/, SMALL],
      ["small file that must be new", /PUT \S+\/f$/, SMALL],
      ["beginning of an upload", /POST \S+\?uploads/, LARGE],
      ["end of an upload", /POST \S+\?uploadId/, LARGE],
    ] as const)("%s: it is stored, whole", async (what, wanted, content) => {
      await using scene = await Scene.start(timeout);
      const { storage } = scene.ground;
      scene.proxy.plan = once(wanted, fault);
      await store(storage, ["f"], content, { absent: what.endsWith("new"), mtime: 5 });
      expect(scene.proxy.faults).toBe(1);
      expect((await load(storage, ["f"])).equals(content)).toBe(true);
      expect(await listed(storage, [])).toEqual(["file f"]);
    });

    test.each([
      ["beginning of a file", /GET \S+\/f$/],
      ["list", /GET \S+list-type/],
      ["look", /HEAD/],
    ] as const)("%s: it is told as it is", async (_which, wanted) => {
      await using scene = await Scene.start(timeout);
      const { storage } = scene.ground;
      await store(storage, ["f"], SMALL, { mtime: 5 });
      scene.proxy.plan = once(wanted, fault);
      expect((await load(storage, ["f"])).equals(SMALL)).toBe(true);
      expect(await listed(storage, [])).toEqual(["file f"]);
      expect(scene.proxy.faults).toBe(1);
    });
  });

  test("an answer that is shorter, or is none of a store, is asked for again and never taken", async () => {
    await using scene = await Scene.start();
    const { storage } = scene.ground;
    await store(storage, ["f"], LARGE);
    for (const fault of ["short", "nonsense"] as const) {
      for (const wanted of [/GET \S+\/f$/, /GET \S+list-type/]) {
        scene.proxy.plan = once(wanted, fault);
        scene.proxy.faults = 0;
        expect((await load(storage, ["f"])).equals(LARGE)).toBe(true);
        expect(await listed(storage, [])).toEqual(["file f"]);
        expect(scene.proxy.faults).toBe(1);
      }
    }
  });

  test("a store that hangs or is gone fails in the end, and an old file stays", async () => {
    await using scene = await Scene.start(300);
    const { storage } = scene.ground;
    await store(storage, ["f"], "old");
    for (const fault of ["hang", "cut"] as const) {
      scene.proxy.plan = always(/PUT/, fault);
      await expectProblem("failed", () => store(storage, ["f"], "new"));
      scene.proxy.plan = always(/./, fault);
      await expectProblem("failed", () => listed(storage, []));
    }
    scene.proxy.plan = () => undefined;
    expect((await load(storage, ["f"])).toString()).toBe("old");
  });

  test.each([
    [{ status: 403, code: "QuotaExceeded" }, "space"],
    [{ status: 507, code: "InsufficientCapacity" }, "space"],
    [{ status: 403, code: "AccessDenied" }, "denied"],
    [{ status: 403, code: "ExpiredToken" }, "failed"],
    [{ status: 404, code: "NoSuchBucket" }, "failed"],
  ] as const)("%j is %s, at once, and leaves nothing", async (fault, problem) => {
    await using scene = await Scene.start();
    const { storage } = scene.ground;
    scene.proxy.plan = always(/PUT \S+\/f(?:$|\?)/, fault);
    for (const content of [SMALL, LARGE]) {
      const before = scene.proxy.faults;
      await expectProblem(problem, () => store(storage, ["f"], content));
      expect(scene.proxy.faults - before).toBeLessThanOrEqual(3);
    }
    scene.proxy.plan = () => undefined;
    expect(await scene.ground.keys()).toEqual([]);
    expect(await scene.ground.uploads()).toEqual([]);
  });

  test("trouble in the middle leaves the parts of an upload that can be gone on with", async () => {
    await using scene = await Scene.start(300);
    const { storage } = scene.ground;
    const part = { id: "0".repeat(32), onTaken: () => undefined };
    const sink = await storage.create(["f"], { part, size: LARGE.length });
    await sink.write(LARGE.subarray(0, PART));
    await sink.write(LARGE.subarray(PART, 2 * PART));
    scene.proxy.plan = always(/POST \S+\?uploadId/, { status: 503, code: "SlowDown" });
    await sink.write(LARGE.subarray(2 * PART));
    await expectProblem("failed", () => sink.commit({}));
    scene.proxy.plan = () => undefined;
    const other = await scene.ground.again();
    const resumed = await other.resume(["f"], part, { size: LARGE.length });
    expect(resumed?.held).toBeGreaterThanOrEqual(2 * PART);
    await resumed?.write(LARGE.subarray(resumed.held));
    await resumed?.commit({});
    expect((await load(storage, ["f"])).equals(LARGE)).toBe(true);
  });

  describe("told to clients", () => {
    async function serve(
      proxy: FaultyStore,
      ground: S3Ground,
      ...flags: string[]
    ): Promise<ServerProcess> {
      const env = { ...gateway().environment, AWS_ENDPOINT_URL_S3: proxy.endpoint };
      return ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, flags, { env });
    }

    test("while the store is slow the server says 110, and then that it is stored", async () => {
      await using scene = await Scene.start();
      await using server = await serve(scene.proxy, scene.ground);
      scene.proxy.plan = once(/PUT \S+\/f$/, "hold");
      using client = await RawClient.open(server.port);
      client.send("PUT f size=5\n+5\nhello").sendLine("END");
      expect(await client.line()).toStartWith("110 ");
      scene.proxy.release();
      expect(await client.reply()).toStartWith("226 ");
      client.sendLine("NOOP");
      expect(await client.reply()).toBe("200");
    });

    test("a full store is 452, the old file stays, and the client ends with 7", async () => {
      await using scene = await Scene.start();
      using folder = new TemporaryFolder();
      await using server = await serve(scene.proxy, scene.ground);
      write(folder.join("f"), "old");
      expect((await connect(folder.path, server.port, "PUT f")).status).toBe(0);
      writeRandom(folder.join("f"), 100_000);
      scene.proxy.plan = always(/PUT \S+\/f$/, { status: 403, code: "QuotaExceeded" });
      const { status, stderr } = await connect(folder.path, server.port, "PUT f");
      expect(status).toBe(7);
      expect(stderr).toContain("no room");
      expect((await load(scene.ground.storage, ["f"])).toString()).toBe("old");
    });

    test("a file that was damaged in the store is 551, and the client keeps nothing of it", async () => {
      await using scene = await Scene.start();
      using folder = new TemporaryFolder();
      const { bucket, storage } = scene.ground;
      await store(storage, ["f"], SMALL);
      await store(storage, ["large"], LARGE);
      const info = await bucket.head(scene.ground.key("f"));
      const damaged = Buffer.from(SMALL);
      damaged[3] = (damaged[3] ?? 0) ^ 1;
      await bucket.put(scene.ground.key("f"), damaged, info?.headers);
      const side = (await bucket.head(scene.ground.key("large")))?.headers;
      const changed = Buffer.from(LARGE);
      changed[LARGE.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      await bucket.put(scene.ground.key("large"), changed, side);
      await using server = await serve(scene.proxy, scene.ground);
      for (const name of ["f", "large"]) {
        const { status, stderr } = await connect(folder.path, server.port, `GET ${name}`);
        expect(status).toBe(8);
        expect(stderr).toContain("damaged");
        expect(read(folder.join(name))).toBeUndefined();
      }
    });
  });
});
