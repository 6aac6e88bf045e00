import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { ReplyDecoder } from "../../src/protocol/reply-decoder.ts";
import { read, write, writeRandom } from "../support/files.ts";
import { mutated } from "../support/mutations.ts";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { STAGING } from "../support/resume.ts";
import { RawClient } from "../support/raw-client.ts";
import { BLOCK_SIZE } from "../support/wire.ts";
import { decode } from "../unit/conversations.ts";
import { Growth } from "./growth.ts";
import { must, type Part, type Stage } from "./part.ts";
import { goodRequests, HONEST } from "./talk.ts";

/** What lies beside the root, where nobody is to come. */
const CANARY = "canary";
/** So many conversations share what they leave in the root. */
const TIDY_AFTER = 500;

/** After so many conversations a program counts as warmed up. */
const WARM = 300;

/** A real server, and what somebody hostile sends to it. */
class Requests implements Stage {
  readonly #folder: TemporaryFolder;
  readonly #server: ServerProcess;
  readonly #growth: Growth;

  private constructor(folder: TemporaryFolder, server: ServerProcess) {
    this.#folder = folder;
    this.#server = server;
    this.#growth = new Growth(server, WARM);
  }

  static async begin(): Promise<Requests> {
    const folder = new TemporaryFolder();
    write(folder.join(CANARY), CANARY);
    plant(folder);
    return new Requests(folder, await ServerProcess.start(folder.join("root")));
  }

  async trial(random: Random, index: number): Promise<string> {
    await this.#growth.look();
    // What was made by chance is removed, lest listing it become the most of the work.
    if (index % TIDY_AFTER === 0) plant(this.#folder);
    const good = goodRequests(random);
    const bytes = random.below(10) === 0 ? good : mutated(random, good);
    const cut = random.below(bytes.length + 1);
    const reset = random.below(8) === 0;
    const answer = await converse(
      this.#server.port,
      [bytes.subarray(0, cut), bytes.subarray(cut)],
      reset,
    );
    must(this.#server.process.exitCode === null, () => `the server ended: ${this.#server.log}`);
    if (reset) return "reset";
    // Whatever it was asked, what it says is well-formed.
    const { violation } = decode(new ReplyDecoder(), [answer]);
    must(violation === undefined, () => `${violation}: base64 ${bytes.toString("base64")}`);
    return "ended";
  }

  async end(): Promise<void> {
    const { log } = this.#server;
    must(!log.includes("internal error"), () => log.slice(-5000));
    must(read(this.#folder.join(CANARY))?.toString() === CANARY, "a file outside was changed");
    {
      using client = await RawClient.open(this.#server.port);
      must((await client.sendLine("NOOP").reply()) === "200", "the server does not answer");
    }
    console.error(`requests: the server has grown by ${await this.#growth.check()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Plants, again where a conversation beside it has made a folder of what is to be a file. */
function plant(folder: TemporaryFolder): void {
  for (let tries = 1; ; tries++) {
    try {
      return plantOnce(folder);
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

/** Leaves in the root what the conversations are about, and nothing else but what is unfinished. */
function plantOnce(folder: TemporaryFolder): void {
  const root = folder.join("root");
  mkdirSync(root, { recursive: true });
  for (const name of readdirSync(root)) {
    if (name !== STAGING)
      rmSync(folder.join("root", name), { recursive: true, force: true, maxRetries: 10 });
  }
  write(folder.join("root/f"), HONEST);
  write(folder.join("root/d/small"), HONEST);
  writeRandom(folder.join("root/tree/a"), BLOCK_SIZE + 1);
}

/** Sends pieces and FIN, or RST, and gives all that comes. */
function converse(port: number, pieces: readonly Buffer[], reset: boolean): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const received: Buffer[] = [];
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  socket.on("data", (piece) => received.push(Buffer.from(piece)));
  socket.on("end", () => socket.destroy());
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(Buffer.concat(received)));
  socket.on("connect", () => {
    for (const piece of pieces) socket.write(piece);
    if (reset) setTimeout(() => socket.resetAndDestroy(), 2);
    else socket.end();
  });
  return promise;
}

export const requests: Part = {
  name: "requests",
  about: "damaged conversations with a server over real sockets",
  count: 100_000,
  sample: 1500,
  lanes: 16,
  begin: () => Requests.begin(),
};
