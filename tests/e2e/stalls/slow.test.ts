import { expect, setDefaultTimeout, test } from "bun:test";
import { read, writeRandom } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { ClientProcess, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { noStalls, stalling, StallingFolder } from "../../support/stalling-folder.ts";

setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
const MIB = 1024 * 1024;
const SIZE = 100 * MIB + 1;
const BOUND = 64 * MIB;
/** How long each operation of the slow disk takes, in milliseconds. */
const SLOW_MS = 20;

test.skipIf(skipped).each([
  ["GET", "server", "read"],
  ["GET", "client", "write"],
  ["PUT", "client", "read"],
  ["PUT", "server", "write"],
] as const)(
  stalling(`%s where each call of the %s's disk to %s takes ${SLOW_MS} ms`),
  async (verb, side, op) => {
    using folder = new TemporaryFolder();
    await using disk = await StallingFolder.mount(folder, side);
    const behind = { server: folder.join("server"), client: folder.join("client") };
    behind[side] = disk.behind;
    const [from, to] =
      verb === "GET" ? (["server", "client"] as const) : (["client", "server"] as const);
    const content = writeRandom(`${behind[from]}/large`, SIZE);
    await using server = await ServerProcess.start(folder.join("server"));
    await disk.slow(op, SLOW_MS);
    await using client = ClientProcess.start(folder.join("client"), [String(server.port)]);
    await client.waitFor(/Connected/);
    let ofClient = 0;
    const ofServer = await growthDuring(server, async () => {
      ofClient = await growthDuring(client, () => {
        client.type(`${verb} large`);
        return client.finish();
      });
    });
    expect(client.log).toMatch(new RegExp(`${verb} large: .*, verified`));
    expect(await client.ended()).toBe(0);
    expect(read(`${behind[to]}/large`)?.equals(content)).toBe(true);
    expect(ofServer).toBeLessThan(BOUND);
    expect(ofClient).toBeLessThan(BOUND);
  },
);
