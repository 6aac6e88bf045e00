import type { Fault } from "../support/faulty-proxy.ts";
import type { Random } from "../support/random.ts";
import { Scene } from "../support/resume.ts";
import { checkDone, checkInterrupted, prepareJob, type Job } from "./job.ts";
import { must, Void, type Part, type Stage } from "./part.ts";

/** One of so many trials is over TLS. */
const ENCRYPTED = 8;

/** Kills one side at a random moment: by the clock, or when so much has passed. */
class Kills implements Stage {
  /**
   * How long a job goes on after the client has connected, in milliseconds. It is learnt from the
   * trials before, as it depends on the machine: a kill by the clock comes at another moment when
   * its trial is repeated.
   */
  #span = 60;

  async trial(random: Random, index: number): Promise<string | Void> {
    const side = index % 2 === 0 ? "server" : "client";
    Scene.encrypted = random.below(ENCRYPTED) === 0;
    const byClock = random.below(2) === 0;
    await using scene = await Scene.start();
    const job = prepareJob(random, scene.folder);
    const fault = byClock ? undefined : placeIn(random, job);
    if (fault !== undefined)
      scene.proxy.plan(job.sending ? { toServer: fault } : { toClient: fault });
    await using client = scene.start(job.command, "--retries", "0");
    if (byClock) {
      await Promise.race([scene.server.waitFor(/connected/), client.process.exited]);
      const wait = (random.below(1000) / 1000) * this.#span;
      await Promise.race([Bun.sleep(wait), client.process.exited]);
      this.#span *= client.process.exitCode === null ? 1.02 : 0.93;
    } else {
      await Promise.race([scene.proxy.faulted, client.process.exited]);
    }
    const late = client.process.exitCode !== null;
    await (side === "server" ? scene.server : client).stop("SIGKILL");
    scene.proxy.release();
    if (!byClock) scene.proxy.cutAll();
    const status = await client.ended();
    checkInterrupted(job);
    if (status === 0) checkDone(job);
    // Whatever was left is in nobody's way.
    if (side === "server") await scene.startServer();
    const again = await scene.run(job.command);
    must(
      again.status === 0,
      () => `the next ${job.command} ended with ${again.status}: ${again.stderr}`,
    );
    checkDone(job);
    return late ? new Void("too late") : side;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Scene.encrypted = false;
  }
}

/** Somewhere in a job: in its content, or around what comes before and behind. */
export function placeIn(
  random: Random,
  { sending, bytes }: Job,
  does: Fault["do"] = "hold",
): Fault {
  const content = { afterContent: random.below(bytes + 1), do: does } as const;
  // Under TLS lines are not seen.
  if (Scene.encrypted) return content;
  switch (random.below(5)) {
    case 0:
      return { beforeLine: sending ? /^END/ : /^226/, do: does };
    case 1:
      return { beforeLine: sending ? /^(?:HELD|PUT)/ : /^150/, do: does };
    default:
      return content;
  }
}

export const kills: Part = {
  name: "kills",
  about: "server and client killed in turn at random moments of PUT, GET, overwriting and MIRROR",
  count: 2000,
  sample: 40,
  begin: async () => new Kills(),
};
