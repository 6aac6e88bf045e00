import type { Random } from "../support/random.ts";
import { Scene } from "../support/resume.ts";
import { checkDone, checkInterrupted, prepareJob } from "./job.ts";
import { placeIn } from "./kills.ts";
import { must, pick, type Part, type Stage } from "./part.ts";

/** One of so many trials is over TLS. */
const ENCRYPTED = 8;

/** Cuts the connection at a random byte, sometimes several times, and lets the client go on. */
class Cuts implements Stage {
  async trial(random: Random): Promise<string> {
    Scene.encrypted = random.below(ENCRYPTED) === 0;
    await using scene = await Scene.start();
    const job = prepareJob(random, scene.folder);
    const cuts = 1 + random.below(3);
    const how = pick(random, ["cut", "reset"] as const);
    scene.proxy.plan(
      ...Array.from({ length: cuts }, () => {
        const fault = placeIn(random, job, how);
        return job.sending ? { toServer: fault } : { toClient: fault };
      }),
    );
    const alone = random.below(2) === 0;
    const ran = await scene.run(job.command, "--retries", alone ? "5" : "0");
    checkInterrupted(job);
    if (alone) {
      must(ran.status === 0, () => `${job.command} ended with ${ran.status}: ${ran.stderr}`);
    } else {
      must([0, 1, 3].includes(ran.status), () => `status ${ran.status}: ${ran.stderr}`);
      for (let again = 1; ; again++) {
        const next = await scene.run(job.command, "--retries", "0");
        checkInterrupted(job);
        if (next.status === 0) break;
        must(again <= cuts, () => `${job.command} ended with ${next.status}: ${next.stderr}`);
      }
    }
    checkDone(job);
    return how;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Scene.encrypted = false;
  }
}

export const cuts: Part = {
  name: "cuts",
  about: "connections cut and reset at random bytes; the client goes on, or is asked again",
  count: 500,
  sample: 20,
  begin: async () => new Cuts(),
};
