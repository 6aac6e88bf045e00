import { createServer, type Server, type Socket } from "node:net";
import { listenAnywhere, portOf } from "./ports.ts";
import { body, fileDigest } from "./wire.ts";

export const GREETING = "220 protocol=1 server=hostile/1 auth=none pipeline=1024\n";

/** The client went away: a conversation with it is over. */
class Gone extends Error {}

/** One client of a hostile server. */
export class Victim {
  readonly #socket: Socket;
  #received = "";
  #ended = false;
  #wake: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received += piece.toString("latin1");
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
      this.#wakeWriter();
    };
    socket.on("drain", () => this.#wakeWriter());
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  /** Sends bytes as they are. Settles when more may be sent. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#ended) throw new Gone();
      const data = typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
      if (this.#socket.write(data)) continue;
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  /** The next line that the client sends. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf("\n");
      if (end !== -1) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 1);
        return line;
      }
      await this.#more();
    }
  }

  /** Reads lines up to one that begins like this. */
  async until(beginning: string): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line.startsWith(beginning)) return line;
    }
  }

  /** Waits until the client closes. */
  async gone(): Promise<void> {
    while (!this.#ended) {
      this.#received = "";
      await this.#more().catch(() => undefined);
    }
  }

  /** Takes nothing from the network any more. */
  deafen(): void {
    this.#socket.pause();
  }

  /** Sends FIN. */
  finish(): void {
    this.#socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Gone();
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** A server that does to its clients what a test wants. */
export class HostileServer implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #failures: unknown[] = [];

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  /** @param play what it does to each client, from the first byte on */
  static async start(play: (victim: Victim) => Promise<void>): Promise<HostileServer> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    const server = new HostileServer(listener);
    listener.on("connection", (socket) => {
      server.#sockets.add(socket);
      play(new Victim(socket)).catch((error: unknown) => {
        if (!(error instanceof Gone)) server.#failures.push(error);
        socket.destroy();
      });
    });
    await listenAnywhere(listener);
    return server;
  }

  /**
   * A server that greets, does its worst to one kind of request, and is otherwise honest.
   * @param verb the beginning of the lines that `answer` is for
   */
  static startFor(
    verb: string,
    answer: (victim: Victim, line: string) => Promise<void>,
  ): Promise<HostileServer> {
    return HostileServer.start(async (victim) => {
      await victim.send(GREETING);
      for (;;) {
        const line = await victim.line();
        if (line.startsWith(verb)) await answer(victim, line);
        else await answerHonestly(victim, line);
      }
    });
  }

  get port(): number {
    return portOf(this.#listener);
  }

  /** Throws what a conversation failed with that was not the client's going. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}

/** The content of the file `honest` that every server here sends as it should. */
export const HONEST = Buffer.from("An honest file\n");

async function answerHonestly(victim: Victim, line: string): Promise<void> {
  const [verb, path] = line.split(" ");
  if (verb === "HELD") return victim.send("213 offset=0 digest=2d06800538d394c2\n");
  if (verb === "GET" && path === "honest") await victim.send(goodFile(HONEST));
  else if (verb === "ABORT") await victim.send("225\n");
  else if (verb === "NOOP") await victim.send("200\n");
  else if (verb === "STAT") await victim.send("550 not-found There is none\n");
  else if (verb === "QUIT") await victim.send("221\n");
  else await victim.send(`500 syntax ${verb ?? ""}\n`);
}

/** What `150` says of a file, LF included. */
export function announce(size: number | string): string {
  return `150 size=${size} mtime=1763800000123 offset=0\n`;
}

/** A whole answer to GET, as it should be. */
export function goodFile(content: Uint8Array): Buffer {
  const end = `226 digest=${fileDigest(content)}\n`;
  return Buffer.concat([
    Buffer.from(announce(content.length)),
    body(content),
    Buffer.from(end, "latin1"),
  ]);
}

/** Sends the same bytes again and again, until the client goes or so many mebibytes were sent. */
export async function flood(victim: Victim, piece: Uint8Array, mebibytes: number): Promise<void> {
  const times = Math.ceil((mebibytes * 1024 * 1024) / piece.length);
  for (let sent = 0; sent < times; sent++) await victim.send(piece);
}
