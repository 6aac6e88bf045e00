import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { STORAGE_STEPS, type Step } from "../../src/faults/faults.ts";
import { run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { CAN_MOUNT, SmallDisk } from "../support/small-disk.ts";
import { checkDone, checkInterrupted, prepareJob, type Job } from "./job.ts";
import { labBinary } from "./lab.ts";
import { must, pick, placed, Void, type Part, type Stage } from "./part.ts";
import { Attempt, KEPT, LOST, WAYS, type Side, type Way } from "./ways.ts";

const PAGE = 4096;
const NO_SPACE = 7;
const SIDES = ["server", "client"] as const;
/** Only a sender takes these: it is while it reads that its receiver's disk is filled. */
const READING: ReadonlySet<Step> = new Set(["stat", "small-stat", "small-read", "small-list"]);
/** Ways that come by steps which the others do not. */
const ONLY: Partial<Record<Step, (way: Way) => boolean>> = {
  link: ({ name }) => name === "PUT absent",
  unlink: ({ name }) => name === "PUT absent",
  claim: ({ begun, cut }) => begun === true || cut === KEPT,
  truncate: ({ begun }) => begun === true,
  read: ({ begun }) => begun === true,
  keep: ({ cut }) => cut === KEPT,
  discard: ({ cut }) => cut === LOST,
  mkdir: ({ target, files }) => target.includes("/") || files !== undefined,
};

/** A disk that has no room: from the start, half way, for the last byte, or from one step on. */
class Space implements Stage {
  readonly #binary: string;

  constructor(binary: string) {
    this.#binary = binary;
  }

  async trial(random: Random): Promise<string | Void> {
    using disk = new SmallDisk(16);
    mkdirSync(disk.join("root"));
    // The disk goes when it is over, not before.
    if (random.below(2) === 0) return await this.#fromStep(random, disk);
    return await this.#fromStart(random, disk);
  }

  /** The last room is taken away by somebody else when a step is reached. */
  async #fromStep(random: Random, disk: SmallDisk): Promise<string | Void> {
    const step = pick(random, STORAGE_STEPS);
    const only = step.startsWith("small-") ? isMany : ONLY[step];
    const special = WAYS.filter((one) => one.step === step);
    const others = WAYS.filter((one) => one.step === undefined && (only?.(one) ?? !isMany(one)));
    const way = pick(random, special.length > 0 ? special : others);
    const [sender, receiver]: readonly [Side, Side] = way.sending
      ? ["client", "server"]
      : ["server", "client"];
    const side = READING.has(step) ? sender : receiver;
    const point = `${step}:${1 + random.below(1 + random.below(3))}`;
    const filler = disk.join("filler");
    const prepare = (folder: TemporaryFolder): void =>
      symlinkSync(disk.join("root"), folder.join(receiver));
    const env = { SFTP_FAULT: `${point}:FILL`, SFTP_FAULT_FILL: filler };
    const arming = { binary: this.#binary, side, env, random, prepare };
    await using attempt = await Attempt.start(way, arming);
    try {
      const ran = await attempt.run();
      must(attempt.isWhole, "a target is neither the old nor the new file");
      must(ran.status !== 0 || attempt.isDone, "success was reported for nothing");
      // By chance it may come by fewer steps this time: then the next try would meet the fault.
      if (!existsSync(filler)) return new Void(`not met`);
      must([0, NO_SPACE].includes(ran.status), () => `${ran.status}: ${ran.stderr}`);
      attempt.disarm();
      rmSync(filler);
      // With --no-overwrite, what is stored already is not stored again.
      if (attempt.isDone && way.name === "PUT absent") return "from a step on";
      const again = await attempt.run();
      must(again.status === 0, () => `with room again: ${again.status}: ${again.stderr}`);
      must(attempt.isDone, "the next try stored something else");
      return "from a step on";
    } catch (error) {
      throw placed(`${way.name}, ${side}, ${point}`, error);
    }
  }

  async #fromStart(random: Random, disk: SmallDisk): Promise<string> {
    using folder = new TemporaryFolder();
    const side = pick(random, SIDES);
    symlinkSync(disk.join("root"), folder.join(side));
    let job = prepareJob(random, folder, 8);
    // It is the side that writes whose disk is to be full.
    while (job.sending !== (side === "server")) {
      for (const one of SIDES) rmSync(folder.join(one, "tree"), { recursive: true, force: true });
      for (const one of SIDES)
        for (const name of ["f", "other"]) rmSync(folder.join(one, name), { force: true });
      job = prepareJob(random, folder, 8);
    }
    const how = roomFor(random, disk, job);
    const program = { binary: this.#binary };
    const root = folder.join("server");
    await using server = await ServerProcess.start(root, ["--durable"], program);
    const port = String(server.port);
    const args = ["connect", port, "--root", folder.join("client"), "-c", job.command];
    const ran = await run(args, program);
    must([0, NO_SPACE].includes(ran.status), () => `${how}: ${ran.status}: ${ran.stderr}`);
    checkInterrupted(job);
    if (ran.status === 0) checkDone(job);
    must(ran.status !== 0 || how !== "none", "it succeeded without any room");
    rmSync(disk.join("filler"), { force: true });
    const again = await run(args, program);
    must(again.status === 0, () => `with room again: ${again.status}: ${again.stderr}`);
    checkDone(job);
    return how;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function isMany({ files }: Way): boolean {
  return files !== undefined;
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
