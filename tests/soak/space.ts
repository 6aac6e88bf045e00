import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { CAN_MOUNT, SmallDisk } from "../support/small-disk.ts";
import { checkDone, checkInterrupted, prepareJob, type Job } from "./job.ts";
import { labBinary } from "./lab.ts";
import { must, pick, type Part, type Stage } from "./part.ts";

const PAGE = 4096;
const NO_SPACE = 7;
/** Steps at which the last room is taken away by somebody else. */
const STEPS = [
  "open",
  "look",
  "room",
  "write",
  "mode",
  "times",
  "sync",
  "close",
  "rename",
  "mkdir",
];

/** A disk that has no room: from the start, half way, for the last byte, or from one step on. */
class Space implements Stage {
  readonly #binary: string;

  constructor(binary: string) {
    this.#binary = binary;
  }

  async trial(random: Random): Promise<string> {
    using disk = new SmallDisk(16);
    using folder = new TemporaryFolder();
    const sides = ["server", "client"] as const;
    const side = pick(random, sides);
    mkdirSync(disk.join("root"));
    symlinkSync(disk.join("root"), folder.join(side));
    let job = prepareJob(random, folder, 8);
    // It is the side that writes whose disk is to be full.
    while (job.sending !== (side === "server")) {
      for (const one of sides) rmSync(folder.join(one, "tree"), { recursive: true, force: true });
      for (const one of sides)
        for (const name of ["f", "other"]) rmSync(folder.join(one, name), { force: true });
      job = prepareJob(random, folder, 8);
    }
    const atStep = random.below(2) === 0;
    const point = `${pick(random, STEPS)}:${1 + random.below(4)}`;
    const env = { SFTP_FAULT: `${point}:FILL`, SFTP_FAULT_FILL: disk.join("filler") };
    const armed = (one: string): object => ({
      binary: this.#binary,
      ...(atStep && one === side ? { env } : {}),
    });
    const how = atStep ? `from a step on` : roomFor(random, disk, job);
    await using server = await ServerProcess.start(
      folder.join("server"),
      ["--durable"],
      armed("server"),
    );
    const args = [
      "connect",
      String(server.port),
      "--root",
      folder.join("client"),
      "-c",
      job.command,
    ];
    const ran = await run(args, armed("client"));
    must([0, NO_SPACE].includes(ran.status), () => `${point} ${how}: ${ran.status}: ${ran.stderr}`);
    checkInterrupted(job);
    if (ran.status === 0) checkDone(job);
    must(ran.status !== 0 || how !== "none", "it succeeded without any room");
    // By chance it may come by fewer steps this time: then the next try would meet the fault.
    if (atStep && !existsSync(disk.join("filler"))) return "not met";
    rmSync(disk.join("filler"), { force: true });
    const again = await run(args, { binary: this.#binary });
    must(again.status === 0, () => `with room again: ${again.status}: ${again.stderr}`);
    checkDone(job);
    return how;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Leaves a disk only some room for a job, and tells how much. */
function roomFor(random: Random, disk: SmallDisk, { files }: Job): string {
  const largest = Math.max(...files.map(({ fresh }) => fresh.length));
  const pages = Math.ceil(largest / PAGE);
  const how = pick(random, ["none", "half", "all but the last byte"] as const);
  const left = { none: 0, half: pages >> 1, "all but the last byte": Math.max(0, pages - 1) }[how];
  disk.fillUpTo(left * PAGE);
  return how;
}

export const space: Part = {
  name: "space",
  about: "a disk without room: from the start, half way, for the last byte, from any step on",
  count: 500,
  sample: 15,
  skipped: CAN_MOUNT ? undefined : "only root can mount a disk for it",
  begin: async () => new Space(await labBinary()),
};
