import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { until, writeSparse } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { steady } from "../../support/steady.ts";

setDefaultTimeout(240_000);

const GIB = 1024 ** 3;
/** What the server has to have worked before its client goes, in ticks of 10 ms. */
const UNDER_WAY = 5;

/** The processor time that a program has used, in ticks (Linux). */
function ticks(server: ServerProcess): number {
  const stat = readFileSync(`/proc/${server.process.pid}/stat`, "latin1");
  // Behind the name, which may hold blanks: the fields from the third on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("a server works no longer for a client that said QUIT and was then reset", async () => {
  using folder = new TemporaryFolder();
  writeSparse(folder.join("large"), 5 * GIB);
  await using server = await ServerProcess.start(folder.path);
  using client = await FastClient.open(server.port);
  const before = ticks(server);
  await client.send(`${"STAT large digest=1\n".repeat(50)}QUIT\n`);
  await until(() => ticks(server) > before + UNDER_WAY);
  client.reset();
  // All of it would take the server a minute.
  await steady(() => ticks(server), 10_000);
  await server.waitFor(/ disconnected /);
  using other = await FastClient.open(server.port);
  expect(await other.ask("NOOP")).toBe("200");
});
