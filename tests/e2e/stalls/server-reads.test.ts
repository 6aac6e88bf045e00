import { expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { write, writeRandom } from "../../support/files.ts";
import { serveOthers } from "../../support/others.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import {
  noStalls,
  stalling,
  StallingFolder,
  type Operation,
} from "../../support/stalling-folder.ts";
import { fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
/** Many more than any machine has processors. */
const MANY = 100;

test.skipIf(skipped)(
  stalling(`while ${MANY} GETs hang in the disk, others are served, and then they are`),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    const content = writeRandom(`${disk.behind}/sick/bad`, 1_000_000);
    await using server = await ServerProcess.start(disk.path);
    await disk.stall({ op: "read", name: "bad" });
    using clients = new DisposableStack();
    const hanging: Promise<unknown>[] = [];
    for (let i = 1; i <= MANY; i++) {
      const client = clients.use(await FastClient.open(server.port));
      hanging.push(client.get("sick/bad"));
      await disk.held(i);
    }
    await serveOthers(folder, disk.behind, server.port, "shared");
    await disk.release();
    for (const received of await Promise.all(hanging)) {
      expect(received).toMatchObject({
        bytes: content.length,
        end: `226 digest=${fileDigest(content)}`,
      });
    }
  },
);

test.skipIf(skipped).each<[Operation, string, string]>([
  ["open", "bad", "GET sick/bad"],
  ["read", "bad", "GET sick/bad"],
  ["read", "bad", "STAT sick/bad digest=1"],
  ["lookup", "bad", "GET sick/bad"],
  ["lookup", "bad", "DELETE sick/bad"],
  ["list", "sick", "LIST sick"],
  ["list", "sick", "LIST recursive=1"],
  ["rename", "folder", "RENAME sick/folder to=sick/other"],
  ["link", "other", "RENAME sick/bad to=sick/other"],
])(stalling("while %s of %s hangs in %s, others are served"), async (op, name, request) => {
  using folder = new TemporaryFolder();
  await using disk = await StallingFolder.mount(folder, "disk");
  write(`${disk.behind}/sick/bad`, "content");
  write(`${disk.behind}/sick/folder/file`, "content");
  await using server = await ServerProcess.start(disk.path);
  await disk.stall({ op, name });
  using client = await FastClient.open(server.port);
  await client.sendLine(request);
  await disk.held();
  await serveOthers(folder, disk.behind, server.port, "shared");
  using other = await FastClient.open(server.port);
  expect(await other.ask("MKDIR healthy")).toBe("250");
  expect(await other.ask("RENAME others/shared to=healthy/moved")).toBe("250");
  expect(await other.ask("RENAME healthy to=well")).toBe("250");
  expect(await other.ask("DELETE well/moved")).toBe("250");
  await disk.release();
  expect(await client.reply()).toMatch(/^(?:150|213|250)/);
});

test.skipIf(skipped)(
  stalling("a client that goes while its GET hangs leaves the server as it was"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    writeRandom(`${disk.behind}/bad`, 1_000_000);
    await using server = await ServerProcess.start(disk.path, ["--json"]);
    await disk.stall({ op: "read", name: "bad" });
    using client = await FastClient.open(server.port);
    await client.sendLine("GET bad");
    await disk.held();
    client.reset();
    await disk.release();
    await server.waitFor(/"event":"disconnected"/);
    await serveOthers(folder, disk.behind, server.port, "shared");
  },
);
