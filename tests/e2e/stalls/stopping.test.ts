import { expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, until, write, writeRandom } from "../../support/files.ts";
import { serveOthers } from "../../support/others.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { noStalls, stalling, StallingFolder } from "../../support/stalling-folder.ts";
import { body } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
const MIB = 1024 * 1024;

/** What hangs: an operation, and what a client does that needs it. */
const HANGING = [
  ["GET", "read", (client: FastClient) => client.sendLine("GET bad")],
  ["GET", "open", (client: FastClient) => client.sendLine("GET bad")],
  [
    "PUT",
    "write",
    async (client: FastClient) => {
      await client.sendLine("PUT kept size=4194304");
      await client.send(body(Buffer.alloc(4 * MIB)));
    },
  ],
  ["PUT", "rename", (client: FastClient) => client.sendLine("PUT kept\n+3\nabcEND")],
] as const;

test.skipIf(skipped).each(HANGING)(
  stalling("SIGTERM while a %s hangs in %s: others finish, it stops after --grace with 0"),
  async (_, op, act) => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    writeRandom(`${disk.behind}/bad`, MIB);
    write(`${disk.behind}/kept`, "old");
    {
      await using server = await ServerProcess.start(disk.path, ["--grace", "0.5"]);
      await disk.stall({ op });
      using client = await FastClient.open(server.port);
      await act(client);
      await disk.held();
      using idle = await FastClient.open(server.port);
      expect(await server.stop("SIGTERM")).toBe(0);
      expect(await idle.lines()).toEqual(["421 closing The server shuts down"]);
      expect(server.log).toMatch(/stopped\n$/);
    }
    await disk.release();
    expect(read(`${disk.behind}/kept`)?.toString()).toBe("old");
    // What the one that was left so could not remove, the next one does.
    await using next = await ServerProcess.start(disk.path);
    await until(() => filesUnder(disk.behind).length === 2);
    await serveOthers(folder, disk.behind, next.port, "next");
  },
);

test.skipIf(skipped)(
  stalling("a request that hung and goes on within --grace is answered, and the server stops"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    const content = writeRandom(`${disk.behind}/bad`, MIB);
    await using server = await ServerProcess.start(disk.path, ["--grace", "3600"]);
    await disk.stall({ op: "read" });
    using client = await FastClient.open(server.port);
    const got = client.get("bad");
    await disk.held();
    server.process.kill("SIGTERM");
    await server.waitFor(/shutting down when 1 transfer has ended/);
    await disk.release();
    expect((await got).bytes).toBe(content.length);
    expect(await server.ended()).toBe(0);
  },
);

test.skipIf(skipped)(stalling("a second signal leaves at once while a GET hangs"), async () => {
  using folder = new TemporaryFolder();
  await using disk = await StallingFolder.mount(folder, "disk");
  writeRandom(`${disk.behind}/bad`, MIB);
  await using server = await ServerProcess.start(disk.path, ["--grace", "3600"]);
  await disk.stall({ op: "read" });
  using client = await FastClient.open(server.port);
  await client.sendLine("GET bad");
  await disk.held();
  server.process.kill("SIGTERM");
  await server.waitFor(/shutting down when 1 transfer has ended/);
  expect(await server.stop("SIGTERM")).toBe(130);
});
