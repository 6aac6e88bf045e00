import { rmSync } from "node:fs";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { ClientProcess, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { Growth } from "./growth.ts";
import { checkDone, checkInterrupted, prepareJob } from "./job.ts";
import { placeIn } from "./kills.ts";
import { must, type Part, type Stage } from "./part.ts";
import { Typist } from "./typist.ts";

/** After so many jobs the programs count as warmed up. */
const WARM = 60;

/** One server that works all the time, one client that lives on, and others that come and go. */
class Mixed implements Stage {
  readonly #folder: TemporaryFolder;
  readonly #server: ServerProcess;
  readonly #typist: Typist;
  readonly #growth: readonly Growth[];
  #typing = false;

  private constructor(folder: TemporaryFolder, server: ServerProcess, typist: Typist) {
    this.#folder = folder;
    this.#server = server;
    this.#typist = typist;
    this.#growth = [new Growth(server, WARM), new Growth(typist.program, WARM)];
  }

  static async begin(): Promise<Mixed> {
    const folder = new TemporaryFolder();
    const server = await ServerProcess.start(folder.join("server"));
    return new Mixed(folder, server, await Typist.start(folder.join("client")));
  }

  async trial(random: Random, index: number): Promise<string> {
    for (const growth of this.#growth) await growth.look();
    const inside = `w${index}`;
    const job = prepareJob(random, this.#folder, 40, inside);
    try {
      // Only one command at a time can be typed.
      if (!this.#typing) return await this.#type(job);
      switch (random.below(3)) {
        case 0:
          return await this.#cut(random, job);
        case 1:
          return await this.#kill(random, job);
        default:
          return await this.#carryOut(job, this.#server.port, "done");
      }
    } finally {
      for (const side of ["server", "client"]) {
        rmSync(this.#folder.join(side, inside), { recursive: true, force: true });
      }
    }
  }

  async #type(job: ReturnType<typeof prepareJob>): Promise<string> {
    this.#typing = true;
    try {
      const events = await this.#typist.run(this.#server.port, job.command);
      const failed = events.filter(
        ({ event, command }) => event === "failed" && command !== "-LLS no-such-folder",
      );
      must(failed.length === 0, () => JSON.stringify(failed));
      checkDone(job);
    } finally {
      this.#typing = false;
    }
    return "typed";
  }

  async #carryOut(job: ReturnType<typeof prepareJob>, port: number, what: string): Promise<string> {
    const args = ["connect", String(port), "--root", this.#folder.join("client")];
    const ran = await run([...args, "-c", job.command, "--retries", "5"]);
    must(ran.status === 0, () => `${job.command} ended with ${ran.status}: ${ran.stderr}`);
    checkDone(job);
    return what;
  }

  async #cut(random: Random, job: ReturnType<typeof prepareJob>): Promise<string> {
    const fault = placeIn(random, job, "cut");
    const plan = job.sending ? { toServer: fault } : { toClient: fault };
    await using proxy = await FaultyProxy.start(this.#server.port, plan);
    return await this.#carryOut(job, proxy.port, "cut");
  }

  async #kill(random: Random, job: ReturnType<typeof prepareJob>): Promise<string> {
    const args = [String(this.#server.port), "-c", job.command];
    await using client = ClientProcess.start(this.#folder.join("client"), args);
    await Promise.race([client.waitFor(/Connected/), client.process.exited]);
    await Promise.race([Bun.sleep(random.below(60)), client.process.exited]);
    await client.stop("SIGKILL");
    checkInterrupted(job);
    return this.#carryOut(job, this.#server.port, "killed");
  }

  async end(): Promise<void> {
    must(!this.#server.log.includes("internal error"), () => this.#server.log.slice(-5000));
    const [server, client] = this.#growth;
    console.error(`mixed: the server has grown by ${await server?.check()}`);
    console.error(`mixed: the client has grown by ${await client?.check()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#typist[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

export const mixed: Part = {
  name: "mixed",
  about: "an hour of all kinds of work on one server, with cuts and killed clients in between",
  count: Infinity,
  seconds: 3600,
  sample: 20,
  lanes: 3,
  begin: () => Mixed.begin(),
};
