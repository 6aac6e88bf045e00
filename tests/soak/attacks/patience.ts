import { FastClient } from "../../support/fast-client.ts";
import { read, writeRandom } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import type { Random } from "../../support/random.ts";
import { StallingFolder } from "../../support/stalling-folder.ts";
import { must } from "../part.ts";

const MIB = 1024 * 1024;
/** Only a server that never closes takes so long, in milliseconds. */
const FOR_EVER_MS = 30_000;
/** What a server may hold for one that does not read, in bytes. */
const MOST_HELD = 64 * MIB;

/** A request that is begun and never ended. */
export async function unfinishedLine(random: Random): Promise<void> {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.path, ["--line-timeout", "1"]);
  using client = await FastClient.open(server.port);
  await client.send("STAT a-name".slice(0, 1 + random.below(10)));
  const closed = client.closed().then(() => true);
  const isClosed = await Promise.race([closed, Bun.sleep(FOR_EVER_MS).then(() => false)]);
  must(isClosed, "the server waits for ever");
}

/** Somebody who asks for much and reads nothing of it. */
export async function slowReader(): Promise<void> {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("f"), 4 * MIB);
  await using server = await ServerProcess.start(folder.path);
  using other = await FastClient.open(server.port);
  await other.get("f");
  const before = await server.memory();
  using client = await FastClient.open(server.port);
  client.freeze();
  await client.send("GET f\n".repeat(100));
  // The server has had time for the one when it has done as much for another.
  for (let times = 0; times < 60; times++) await other.get("f");
  const grown = (await server.memory()) - before;
  must(grown < MOST_HELD, `the server holds ${Math.round(grown / MIB)} MiB for it`);
}

/** A disk that never says that it has what was written. */
export async function heldDisk(): Promise<void> {
  using folder = new TemporaryFolder();
  await using disk = await StallingFolder.mount(folder, "disk");
  await using server = await ServerProcess.start(disk.path, ["--durable"]);
  await disk.stall({ op: "fsync", files: 1 });
  using client = await FastClient.open(server.port);
  const stored = client.put("f", { content: Buffer.from("content") });
  const first = await Promise.race([disk.held().then(() => "held"), stored]);
  must(first === "held", `without being synced it led to ${first}`);
  must(read(`${disk.behind}/f`) === undefined, "it has its name before it is synced");
  await disk.release();
  must((await stored).startsWith("226 "), "it is not stored");
}
