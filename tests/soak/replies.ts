import { createServer, type Server, type Socket } from "node:net";
import { filesUnder, publishedUnder, read, write } from "../support/files.ts";
import { mutated } from "../support/mutations.ts";
import { listenAnywhere, portOf } from "../support/ports.ts";
import { ClientProcess, TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { Growth } from "./growth.ts";
import { must, pick, type Part, type Stage } from "./part.ts";
import { goodFile, goodListing, GREETING, HONEST } from "./talk.ts";

const CANARY = "canary";
/** Answers that all is well are given to one of so many requests. */
const HONEST_ONE_OF = 4;

const COMMANDS =
  "GET f;GET f;GET -r tree;MIRROR tree;LS;LS tree;STAT f;PUT mine;MKDIR new;RM f;MV f g;GET tree/* x/;PUT -r up".split(
    ";",
  );

/** After so many conversations a program counts as warmed up. */
const WARM = 300;

/** A real client, and a server that answers it with damaged replies. */
class Replies implements Stage {
  readonly #folder: TemporaryFolder;
  readonly #client: ClientProcess;
  readonly #listener: Server;
  readonly #growth: Growth;
  #random: Random | undefined;
  #over = Promise.withResolvers<void>();

  private constructor(folder: TemporaryFolder, client: ClientProcess, listener: Server) {
    this.#folder = folder;
    this.#client = client;
    this.#listener = listener;
    this.#growth = new Growth(client, WARM);
    listener.on("connection", (socket) => this.#play(socket));
  }

  static async begin(): Promise<Replies> {
    const folder = new TemporaryFolder();
    write(folder.join(CANARY), CANARY);
    write(folder.join("client/mine"), "mine");
    write(folder.join("client/up/a"), "up");
    const client = ClientProcess.start(folder.join("client"), ["--timeout", "20"]);
    // What it has open is counted from when it runs.
    client.type("LPWD");
    await client.waitFor(/client/);
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    await listenAnywhere(listener);
    return new Replies(folder, client, listener);
  }

  async trial(random: Random): Promise<string> {
    await this.#growth.look();
    this.#random = random;
    this.#over = Promise.withResolvers();
    const command = pick(random, COMMANDS);
    this.#client.type(`-OPEN ${portOf(this.#listener)}\n-${command}\n-CLOSE`);
    await Promise.race([this.#over.promise, this.#client.process.exited]);
    must(
      this.#client.process.exitCode === null,
      () => `the client ended: ${this.#client.log.slice(-2000)}`,
    );
    return command.split(" ")[0] ?? "";
  }

  async end(): Promise<void> {
    const root = this.#folder.join("client");
    const status = await this.#finish();
    const { log } = this.#client;
    must(status === 0, `the client ended with ${status}`);
    must(!log.includes("internal error"), () => log.slice(-5000));
    const raw = /[^\n\P{Cc}]/u.exec(log);
    must(raw === null, () => `a control character is shown: ${JSON.stringify(raw)}`);
    must(read(this.#folder.join(CANARY))?.toString() === CANARY, "a file outside was changed");
    must(
      filesUnder(this.#folder.path).every((name) => name === CANARY || name.startsWith("client/")),
      "a file was made outside",
    );
    for (const name of publishedUnder(root)) {
      const content = read(`${root}/${name}`)?.toString() ?? "";
      const known = [HONEST.toString(), "mine", "up"].includes(content);
      must(known, () => `${name} was stored with ${JSON.stringify(content.slice(0, 200))}`);
    }
  }

  async #finish(): Promise<number> {
    console.error(`replies: the client has grown by ${await this.#growth.check()}`);
    return this.#client.finish();
  }

  #play(socket: Socket): void {
    const random = this.#random;
    let received = "";
    socket.on("error", () => undefined);
    socket.on("close", () => this.#over.resolve());
    socket.on("end", () => socket.end());
    if (random === undefined) return;
    const send = (bytes: Buffer): void => {
      if (random.below(HONEST_ONE_OF) === 0) {
        socket.write(bytes);
        return;
      }
      socket.write(mutated(random, bytes));
      // Whoever still waits for the rest learns that none comes.
      if (random.below(10) === 0) socket.resetAndDestroy();
      else socket.end();
    };
    if (random.below(10) === 0) send(Buffer.from(GREETING));
    else socket.write(GREETING);
    socket.on("data", (piece) => {
      received += piece.toString("latin1");
      const lines = received.split("\n");
      received = lines.pop() ?? "";
      for (const line of lines) {
        const answer = answerTo(line);
        if (answer !== undefined && socket.writable) send(answer);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#listener.close();
    this.#folder[Symbol.dispose]();
  }
}

/** What a server that means well says to a line; nothing to the content of an upload. */
function answerTo(line: string): Buffer | undefined {
  const [verb = ""] = line.split(" ", 1);
  if (verb === "GET") return goodFile(HONEST);
  if (verb === "LIST") return goodListing();
  if (verb === "STAT") return Buffer.from("213 type=folder size=0 mtime=1763800000123\n");
  if (verb === "QUIT") return Buffer.from("221\n");
  if (verb === "NOOP") return Buffer.from("200\n");
  if (verb === "ABORT") return Buffer.from("225\n");
  if (["MKDIR", "DELETE", "RENAME"].includes(verb)) return Buffer.from("250\n");
  // It may stand behind content, which has no line end of its own.
  const [, digest] = /END digest=([0-9a-f]{16})$/.exec(line) ?? [];
  return digest === undefined ? undefined : Buffer.from(`226 size=4 digest=${digest}\n`);
}

export const replies: Part = {
  name: "replies",
  about: "damaged replies of a hostile server to a client over real sockets",
  count: 100_000,
  sample: 500,
  begin: () => Replies.begin(),
};
