import { describe, expect, test } from "bun:test";
import { ClientProcess, connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { filesUnder, publishedUnder, read, until, write, writeRandom } from "../support/files.ts";
import { StallingProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { block, fileDigest } from "../support/wire.ts";

const MIB = 1024 * 1024;
/** Longer than any test may take: where it mattered, the test would be seen to hang. */
const LONG_GRACE = ["--grace", "3600"];

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("idle: leaves at once with 0, and tells the client", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"), LONG_GRACE);
    using silent = await RawClient.open(server.port);
    using midLine = await RawClient.open(server.port);
    midLine.send("GET some");
    expect(await server.stop(signal)).toBe(0);
    for (const client of [silent, midLine]) {
      expect(await client.rest()).toBe("421 closing The server shuts down\n");
    }
    expect(server.log).toMatch(/ shutting down\n.*\n.*\n.* stopped\n$/);
    expect((await connect(folder.join("client"), server.port, "HELP")).status).toBe(3);
  });

  test("during a GET: it finishes, nobody new is let in, status 0", async () => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("server/big"), 32 * MIB);
    await using server = await ServerProcess.start(folder.join("server"), LONG_GRACE);
    await using proxy = await StallingProxy.start(server.port, { toClient: MIB });
    await using client = ClientProcess.start(folder.join("client"), [String(proxy.port)]);
    client.type("GET big");
    await proxy.stalled;
    server.process.kill(signal);
    await server.waitFor(/shutting down when 1 transfer has ended; a second signal leaves at once/);
    const late = await connect(folder.join("other"), server.port, "LS");
    expect(late.status).toBe(3);
    expect(late.stderr).toContain(`Nobody listens at 127.0.0.1:${server.port}`);
    proxy.release();
    await client.waitFor(/GET big: 32\.0 MiB in .*, verified/);
    expect(await server.ended()).toBe(0);
    expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
  });

  test("during a PUT: it finishes, status 0", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"), LONG_GRACE);
    // Large enough to be staged before it is whole.
    const content = Buffer.alloc(20_000, "the end comes late ");
    using client = await RawClient.open(server.port);
    client.sendLine(`PUT late.txt size=${content.length}`);
    await until(() => filesUnder(folder.join("server")).length > 0);
    server.process.kill(signal);
    await server.waitFor(/shutting down when/);
    client.send(block(content)).sendLine("END");
    expect(await client.line()).toBe(`226 size=${content.length} digest=${fileDigest(content)}`);
    expect(await client.rest()).toBe("421 closing The server shuts down\n");
    expect(await server.ended()).toBe(0);
    expect(read(folder.join("server/late.txt"))?.equals(content)).toBe(true);
  });

  test("twice: leaves at once and nothing partial", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/kept.txt"), "old");
    await using server = await ServerProcess.start(folder.join("server"), LONG_GRACE);
    using client = await RawClient.open(server.port);
    client.sendLine("PUT kept.txt size=20000");
    await until(() => filesUnder(folder.join("server")).length > 1);
    server.process.kill(signal);
    await server.waitFor(/shutting down when/);
    expect(await server.stop(signal)).toBe(130);
    expect(filesUnder(folder.join("server"))).toEqual(["kept.txt"]);
    expect(read(folder.join("server/kept.txt"))?.toString()).toBe("old");
  });
});

test("amid a PUT of many small files: the client says why it ends, and counts what is there", async () => {
  using folder = new TemporaryFolder();
  for (let i = 0; i < 1000; i++)
    write(folder.join("client/t", String(i)), Buffer.alloc(16_000, "x"));
  await using server = await ServerProcess.start(folder.join("server"), ["--grace", "1"]);
  await using proxy = await StallingProxy.start(server.port, { toServer: 3 * MIB });
  const args = [String(proxy.port), "--timeout", "3600", "-c", "PUT -r t"];
  await using client = ClientProcess.start(folder.join("client"), args);
  await proxy.stalled;
  await until(() => publishedUnder(folder.join("server")).length > 100);
  expect(await server.stop()).toBe(0);
  expect(await client.ended()).toBe(3);
  // A pack that has come in part is cut like any upload that outlasts --grace.
  expect(client.log).toMatch(
    /^PUT t: (?:The server shuts down|The connection to \S+ is lost: .*)$/m,
  );
  const stored = publishedUnder(folder.join("server")).length;
  expect(client.log).toContain(`PUT t: ${stored} files, `);
});

test("a transfer that outlasts --grace is cut, with nothing partial and status 0", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"), ["--grace", "0.1"]);
  using client = await RawClient.open(server.port);
  client.sendLine("PUT never.bin size=20000");
  await until(() => filesUnder(folder.join("server")).length > 0);
  expect(await server.stop()).toBe(0);
  expect(filesUnder(folder.join("server"))).toEqual([]);
});

test("a client is told at once that its server has gone, and can open another", async () => {
  using folder = new TemporaryFolder();
  await using first = await ServerProcess.start(folder.join("one"));
  write(folder.join("two/b.txt"), "b");
  await using second = await ServerProcess.start(folder.join("two"));
  await using client = ClientProcess.start(folder.join("client"), [String(first.port)]);
  await client.waitFor(/Connected to/);
  expect(await first.stop()).toBe(0);
  await client.waitFor(/is lost: the server left \(The server shuts down\)/);
  client.type(`OPEN ${second.port}`);
  client.type("GET b.txt");
  expect(await client.finish()).toBe(0);
  expect(read(folder.join("client/b.txt"))?.toString()).toBe("b");
});
