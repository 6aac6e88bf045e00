import { ClientProcess, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { RawClient } from "../support/raw-client.ts";
import { noStalls, StallingFolder, type Operation } from "../support/stalling-folder.ts";
import { checkDone, checkInterrupted, prepareJob } from "./job.ts";
import { must, pick, Void, type Part, type Stage } from "./part.ts";

const OPERATIONS: readonly Operation[] = [
  "open",
  "read",
  "write",
  "fsync",
  "stat",
  "lookup",
  "list",
  "link",
  "rename",
  "create",
  "close",
];

/** A disk that answers slowly, or not at all. */
class Disk implements Stage {
  async trial(random: Random): Promise<string | Void> {
    using folder = new TemporaryFolder();
    const side = pick(random, ["server", "client"] as const);
    await using disk = await StallingFolder.mount(folder, side);
    const job = prepareJob(random, folder, 8);
    await using server = await ServerProcess.start(folder.join("server"), ["--durable"]);
    const op = pick(random, OPERATIONS);
    const args = [String(server.port), "-c", job.command];
    const slowly = random.below(3) === 0;
    if (slowly) await disk.slow(op, 1 + random.below(20));
    else await disk.stall({ op, files: 1 });
    await using client = ClientProcess.start(folder.join("client"), args);
    if (slowly) {
      const status = await client.ended();
      must(status === 0, () => `on a slow disk: ${status}: ${client.log}`);
      checkDone(job);
      return "slow";
    }
    await Promise.race([disk.held(), client.process.exited]);
    const hangs = client.process.exitCode === null;
    // Whatever hangs, others are answered.
    using other = await RawClient.open(server.port);
    must((await other.sendLine("NOOP").reply()) === "200", "others are not answered");
    const kill = random.below(2) === 0;
    if (kill) {
      const stopped = (side === "server" ? server : client).stop("SIGKILL");
      await disk.release();
      await stopped;
      await client.ended();
      checkInterrupted(job);
      await using again = await ServerProcess.start(folder.join("server"));
      const root = folder.join("client");
      const ran = await run(["connect", String(again.port), "--root", root, "-c", job.command]);
      must(ran.status === 0, () => `the next try: ${ran.status}: ${ran.stderr}`);
      checkDone(job);
      return hangs ? "killed while it hung" : new Void("met nothing that hangs");
    }
    await disk.release();
    const status = await client.ended();
    must(status === 0, () => `${op} was let go, and then: ${status}: ${client.log}`);
    checkDone(job);
    return hangs ? "hung and went on" : new Void("met nothing that hangs");
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const disk: Part = {
  name: "disk",
  about: "a disk that answers slowly, or stops answering, under either side",
  count: 500,
  sample: 10,
  skipped: noStalls,
  begin: async () => new Disk(),
};
