import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Crowd, many, mostDescriptors, type Habit } from "../../support/crowd.ts";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, until, writeRandom } from "../../support/files.ts";
import { Idlers } from "../../support/idlers.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";
import { fileDigest } from "../../support/wire.ts";

setDefaultTimeout(300_000);

const HONEST = 20;
const FILE_BYTES = 300_000;
const LIMITS = ["--max-connections", "14000", "--max-unauthenticated", "14000"];
const limit = mostDescriptors();

/** What it takes to hold so many connections, on both sides; and why a test is skipped. */
function needs(connections: number): { readonly skip: boolean; readonly note: string } {
  const descriptors = Math.ceil((connections * 4) / 3) + 200;
  const skip = limit < descriptors;
  return { skip, note: skip ? ` (needs ulimit -n ${descriptors}, has ${limit})` : "" };
}

/** A client that works until it is told to stop, and checks all it gets. Gives its rounds. */
async function work(client: FastClient, name: string, isOver: () => boolean): Promise<number> {
  const content = Buffer.from(name.repeat(5000));
  const digest = `226 digest=${fileDigest(content)}`;
  let rounds = 0;
  for (; !isOver(); rounds++) {
    expect(await client.put(name, { content })).toStartWith("226 ");
    expect(await client.get(name)).toMatchObject({ end: digest, bytes: content.length });
    expect(await client.ask("NOOP")).toBe("200");
  }
  return rounds;
}

/** The same over TLS, on a connection that is logged in. */
async function workSecurely(
  { raw }: SecureClient,
  name: string,
  isOver: () => boolean,
): Promise<number> {
  let rounds = 0;
  for (; !isOver(); rounds++) {
    expect(await raw.send(`PUT ${name}\n+5\nhelloEND\n`).reply()).toStartWith("226 size=5 ");
    expect(await raw.sendLine(`GET ${name}`).reply()).toStartWith("150 ");
    expect((await raw.body()).content.toString()).toBe("hello");
  }
  return rounds;
}

/** Slow clients, each in its own way. */
const SLOW: readonly Habit[] = [
  { first: "", drip: "" },
  { first: "", drip: "STAT " + "a".repeat(4000) },
  { first: "STAT half-a-line", drip: "" },
  { first: "PUT slow size=300000\n", drip: "" },
  { first: "PUT slow size=300000\n+262144\n", drip: Buffer.alloc(4000) },
];

/** The first bytes of a record that holds a ClientHello (RFC 8446, 5.1 and 4.1.2). */
const HELLO = Buffer.concat([Buffer.from("16030102000100", "hex"), Buffer.alloc(500)]);
/** Handshakes that come to no end: nothing of it, a part of it, a byte now and then. */
const HANDSHAKES: readonly [Habit, Habit, Habit] = [
  { first: "", drip: "" },
  { first: HELLO.subarray(0, 60), drip: "" },
  { first: HELLO.subarray(0, 5), drip: HELLO.subarray(5) },
];

const slow = needs(2100);

describe("2,000 slow attackers are closed at their deadline while 20 honest clients work on", () => {
  test.skipIf(slow.skip)(
    `a byte now and then, half a request, nothing at all${slow.note}`,
    async () => {
      using folder = new TemporaryFolder();
      const flags = [...LIMITS, "--line-timeout", "5", "--idle-timeout", "5"];
      await using server = await ServerProcess.start(folder.join("root"), flags);
      using stack = new DisposableStack();
      using crowd = new Crowd();
      const isOver = (): boolean => crowd.closed === 2000;
      const working = Array.from({ length: HONEST }, async (_, index) =>
        work(stack.use(await FastClient.open(server.port)), `honest-${index}`, isOver),
      );
      for (const habit of SLOW) await crowd.grow(server.port, 400, habit);
      const rounds = await Promise.all(working);
      expect(rounds.every((count) => count > 2)).toBe(true);
      expect([...crowd.reasons]).toEqual(["421 idle"]);
      const rest = (): string[] => filesUnder(folder.join("root"));
      await until(() => rest().length === HONEST);
    },
  );

  test.skipIf(slow.skip)(
    `handshakes and logins that do not come to an end${slow.note}`,
    async () => {
      await using scene = await SecureScene.start(["--tls", ...LIMITS, "--login-timeout", "5"]);
      using stack = new DisposableStack();
      using crowd = new Crowd();
      const [silent, half, dripping] = HANDSHAKES;
      await crowd.grow(scene.port, 500, silent, "127.0.0.2");
      await crowd.grow(scene.port, 500, half, "127.0.0.2");
      const isOver = (): boolean => crowd.closed === 1800 && shaken === 200;
      let shaken = 0;
      const working = Array.from({ length: HONEST }, async (_, index) => {
        const client = stack.use(await SecureClient.open(scene.port));
        expect(await client.logIn("token", scene.token)).toStartWith("230 ");
        return workSecurely(client, `honest-${index}`, isOver);
      });
      await crowd.grow(scene.port, 800, dripping);
      // Whoever has shaken hands and does not log in is closed by the same deadline, and told why.
      const shaking = many(200, async () => {
        const client = stack.use(await SecureClient.open(scene.port));
        expect(await client.raw.rest()).toStartWith("421 idle ");
        shaken++;
      });
      const rounds = await Promise.all(working);
      await shaking;
      expect(rounds.every((count) => count > 2)).toBe(true);
    },
  );
});

const idle = needs(10_100);

describe("idle connections are held while honest clients work", () => {
  test.skipIf(idle.skip)(`10,000 of them${idle.note}`, async () => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("root/file"), FILE_BYTES);
    await using server = await ServerProcess.start(folder.join("root"), LIMITS);
    using stack = new DisposableStack();
    let held = false;
    const working = Array.from({ length: HONEST }, async (_, index) =>
      work(stack.use(await FastClient.open(server.port)), `honest-${index}`, () => held),
    );
    const idlers: FastClient[] = [];
    await many(10_000, async () => {
      idlers.push(stack.use(await FastClient.open(server.port)));
    });
    held = true;
    expect((await Promise.all(working)).every((count) => count > 2)).toBe(true);
    // Each is still there, and is served when it asks.
    await many(idlers.length, async (index) => {
      expect(await idlers[index]?.ask("NOOP")).toBe("200");
    });
    using client = await FastClient.open(server.port);
    expect(await client.get("file")).toMatchObject({ bytes: content.length });
    expect(server.log).not.toContain("turned away");
  });

  test.skipIf(idle.skip)(
    `10,000 over TLS, all logged in, while slow ones are closed at their deadline${idle.note}`,
    async () => {
      const flags = ["--tls", "--max-connections", "14000", "--max-unauthenticated", "500"];
      await using scene = await SecureScene.start(flags);
      using stack = new DisposableStack();
      using crowd = new Crowd();
      const { port, token } = scene;
      let held = false;
      const isOver = (): boolean => held && crowd.closed === 300;
      const working = Array.from({ length: HONEST }, async (_, index) => {
        const client = stack.use(await SecureClient.open(port));
        expect(await client.logIn("token", token)).toStartWith("230 ");
        return workSecurely(client, `honest-${index}`, isOver);
      });
      await using idlers = new Idlers(port, token, 10_000);
      for (const habit of HANDSHAKES) await crowd.grow(port, 100, habit);
      await idlers.held;
      held = true;
      expect((await Promise.all(working)).every((count) => count > 2)).toBe(true);
      // Each is still there, and is served when it asks.
      expect(await idlers.answered()).toBe(10_000);
      expect(scene.server.log).not.toContain("turned away");
    },
  );
});
