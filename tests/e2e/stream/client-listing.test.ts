import { expect, setDefaultTimeout, test } from "bun:test";
import { filesUnder } from "../../support/files.ts";
import { flood, HONEST, HostileServer, type Victim } from "../../support/hostile-server.ts";
import { runMeasured } from "../../support/memory.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { block } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const entry = '{"path":"a file","type":"file","size":1,"mtime":0,"exec":false}\n';
const entries = block(Buffer.from(entry.repeat(Math.floor(262_144 / entry.length))));

/** Lists without an end, until it is told to stop. */
async function listForEver(victim: Victim): Promise<void> {
  await victim.send("150\n");
  const told = victim.until("ABORT").then(() => true);
  while (!(await Promise.race([told, flood(victim, entries, 1).then(() => false)])));
  await victim.send("426 aborted Cancelled\n225\n");
}

test("a listing without an end is given up, and the connection goes on", async () => {
  using folder = new TemporaryFolder();
  await using server = await HostileServer.startFor("LIST", listForEver);
  const alone = await connect(folder.join("client"), server.port, "LS");
  expect(alone.status).toBe(1);
  // What was whole by then is shown, in parts of 100,000.
  expect(alone.stdout.split("\n").length % 100_000).toBe(1);
  expect(alone.stderr).toContain("The listing is longer than this program takes");
  const both = await connect(folder.join("client"), server.port, "-LS; GET honest");
  expect(both.status, both.stderr).toBe(0);
  expect(both.stderr).toContain(`GET honest: ${HONEST.length} B`);
});

test("a server that does not even stop then is left, and memory is bounded", async () => {
  using folder = new TemporaryFolder();
  await using server = await HostileServer.startFor("LIST", async (victim) => {
    await victim.send("150\n");
    await flood(victim, entries, Number.POSITIVE_INFINITY);
  });
  const { status, growth } = await runMeasured(folder, server.port, "LS");
  expect(status).toBe(3);
  expect(growth).toBeLessThan(1024 * MIB);
  expect(filesUnder(folder.path)).toEqual([]);
});
