import { rmSync } from "node:fs";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { read, write } from "../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { BLOCK_SIZE } from "../support/wire.ts";
import { must, type Part, type Stage } from "./part.ts";
import { Typist } from "./typist.ts";

/** Exit status of a command that found wrong bytes. */
const WRONG_BYTES = 8;

/** Turns one bit of a body on its way. */
class Flips implements Stage {
  readonly #folder: TemporaryFolder;
  readonly #server: ServerProcess;
  readonly #proxy: FaultyProxy;
  readonly #client: Typist;

  private constructor(
    folder: TemporaryFolder,
    server: ServerProcess,
    proxy: FaultyProxy,
    client: Typist,
  ) {
    this.#folder = folder;
    this.#server = server;
    this.#proxy = proxy;
    this.#client = client;
  }

  static async begin(): Promise<Flips> {
    const folder = new TemporaryFolder();
    const server = await ServerProcess.start(folder.join("server"));
    const proxy = await FaultyProxy.start(server.port);
    return new Flips(folder, server, proxy, await Typist.start(folder.join("client")));
  }

  async trial(random: Random, index: number): Promise<string> {
    const sending = index % 2 === 0;
    const [verb, from, to] = sending ? ["PUT", "client", "server"] : ["GET", "server", "client"];
    const content = random.bytes(1 + random.below(6 * BLOCK_SIZE));
    const old = random.below(2) === 0 ? undefined : Buffer.from("old");
    const source = this.#folder.join(from, `f${index}`);
    const target = this.#folder.join(to, `f${index}`);
    write(source, content);
    if (old !== undefined) write(target, old);
    const fault = { afterContent: random.below(content.length), do: "flip" } as const;
    this.#proxy.plan(sending ? { toServer: fault } : { toClient: fault });
    const events = await this.#client.run(this.#proxy.port, `${verb} f${index}`);
    const failed = events.find(({ event }) => event === "failed");
    must(failed?.["status"] === WRONG_BYTES, () => `a turned bit led to ${JSON.stringify(events)}`);
    const there = read(target);
    must(old === undefined ? there === undefined : there?.equals(old) === true, "it is published");
    const again = await this.#client.run(this.#proxy.port, `${verb} f${index}`);
    must(
      again.some(({ event }) => event === "transferred"),
      () => JSON.stringify(again),
    );
    must(read(target)?.equals(content) === true, "what is stored is not what was sent");
    for (const file of [source, target]) rmSync(file);
    return sending ? "to the server" : "to the client";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

export const flips: Part = {
  name: "flips",
  about: "one bit of a body turned on its way, in each direction in turn, in the clear",
  count: 2000,
  sample: 60,
  begin: () => Flips.begin(),
};
