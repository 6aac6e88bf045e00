import type { Random } from "../support/random.ts";
import { Scene } from "../support/resume.ts";
import { checkDone, checkInterrupted, prepareJob } from "./job.ts";
import { must, type Part, type Stage } from "./part.ts";

/** Exit status of a client that found wrong bytes. */
const WRONG_BYTES = 8;

/** Turns one bit of a body on its way. */
class Flips implements Stage {
  async trial(random: Random): Promise<string> {
    await using scene = await Scene.start();
    const job = prepareJob(random, scene.folder, 6);
    const fault = { afterContent: random.below(job.bytes), do: "flip" } as const;
    scene.proxy.plan(job.sending ? { toServer: fault } : { toClient: fault });
    const ran = await scene.run(job.command, "--retries", "0");
    must(Bun.peek.status(scene.proxy.faulted) === "fulfilled", "no bit was turned");
    must(ran.status === WRONG_BYTES, () => `a turned bit led to ${ran.status}: ${ran.stderr}`);
    checkInterrupted(job);
    const again = await scene.run(job.command);
    must(again.status === 0, () => `the next ${job.command} ended with ${again.status}`);
    checkDone(job);
    return job.sending ? "to the server" : "to the client";
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const flips: Part = {
  name: "flips",
  about: "one bit of a body turned on its way, in either direction, in the clear",
  count: 2000,
  sample: 30,
  begin: async () => new Flips(),
};
