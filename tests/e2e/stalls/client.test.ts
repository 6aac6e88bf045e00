import { expect, setDefaultTimeout, test } from "bun:test";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { publishedUnder, read, until, writeRandom } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { serveOthers } from "../../support/others.ts";
import { ClientProcess, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { noStalls, stalling, StallingFolder } from "../../support/stalling-folder.ts";
import { steady } from "../../support/steady.ts";
import { TerminalProgram } from "../../support/terminal.ts";

setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
const MIB = 1024 * 1024;
const SIZE = 200 * MIB;
/** What a client may hold of a download, with what the runtime has not given back. */
const BOUND = 64 * MIB;

test.skipIf(skipped)(
  stalling("while its GET hangs in the disk a client's and the server's memory are bounded"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    const content = writeRandom(folder.join("server/large"), SIZE);
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await FaultyProxy.start(server.port);
    await serveOthers(folder, folder.join("server"), server.port, "before");
    await disk.stall({ op: "write" });
    await using client = ClientProcess.start(disk.path, [String(proxy.port)]);
    await client.waitFor(/Connected/);
    const growth = await growthDuring(client, async () => {
      const ofServer = await growthDuring(server, async () => {
        client.type("GET large");
        await disk.held();
        const blocks = await steady(() => proxy.blocks("toClient"));
        expect(blocks * 262_144).toBeLessThan(BOUND);
        await serveOthers(folder, folder.join("server"), server.port, "meanwhile");
        expect(publishedUnder(disk.behind)).toEqual([]);
      });
      expect(ofServer).toBeLessThan(BOUND);
      await disk.release();
      expect(await client.finish()).toBe(0);
    });
    expect(growth).toBeLessThan(BOUND);
    expect(client.log).toMatch(/GET large: .*, verified/);
    expect(read(`${disk.behind}/large`)?.equals(content)).toBe(true);
    expect(proxy.passages).toHaveLength(1);
  },
);

test.skipIf(skipped)(
  stalling("a client that reads nothing for longer than its server allows goes on afterwards"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    const content = writeRandom(folder.join("server/large"), SIZE);
    const flags = ["--line-timeout", "1", "--json"];
    await using server = await ServerProcess.start(folder.join("server"), flags);
    await disk.stall({ op: "write", from: 32 * MIB });
    const args = [String(server.port), "-c", "GET large", "--json"];
    const env = { SFTP_RETRIES: "5" };
    await using client = ClientProcess.start(disk.path, args, { env });
    await disk.held();
    await server.waitFor(/"disconnected".*reads less than 1024 bytes a second/);
    await disk.release();
    expect(await client.ended()).toBe(0);
    const [, reused] = /"transferred".*"reused":(\d+)/.exec(client.stdout) ?? [];
    expect(Number(reused)).toBeGreaterThanOrEqual(32 * MIB);
    expect(read(`${disk.behind}/large`)?.equals(content)).toBe(true);
  },
);

test.skipIf(skipped).each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)(
  stalling("one %s while its disk hangs ends a client with %d"),
  async (signal, status) => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    writeRandom(folder.join("server/large"), 16 * MIB);
    writeRandom(`${disk.behind}/mine`, 16 * MIB);
    await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
    for (const [command, op] of [
      ["GET large", "write"],
      ["PUT mine", "read"],
    ] as const) {
      await disk.stall({ op });
      const hung = disk.hung;
      const args = [String(server.port), "-c", command];
      await using client = ClientProcess.start(disk.path, args);
      await disk.held(hung + 1);
      expect(await client.stop(signal)).toBe(status);
      await disk.release();
    }
    await until(() => publishedUnder(folder.join("server")).length === 1);
    expect(publishedUnder(disk.behind)).toEqual(["mine"]);
  },
);

test.skipIf(skipped)(
  stalling("at a terminal a second Ctrl-C leaves while the disk hangs"),
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, "disk");
    writeRandom(folder.join("server/large"), 16 * MIB);
    await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
    await disk.stall({ op: "write" });
    const args = ["connect", String(server.port), "--root", disk.path];
    await using client = new TerminalProgram(args, folder.path);
    await client.waitFor(/sftp 127\.0\.0\.1:\d+> /);
    client.press("GET large\r");
    await disk.held();
    client.press("\u0003");
    client.press("\u0003");
    expect(await client.process.exited).toBe(130);
    expect(publishedUnder(disk.behind)).toEqual([]);
  },
);
