import { createServer, type Server, type Socket } from "node:net";
import { listenAnywhere, portOf } from "./ports.ts";

/** A server that a test plays itself, line by line: it may do what no server should. */
export class PlayedServer implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  /** @param play gives what is sent: first as the greeting, then to each line that comes */
  static async start(
    play: (line: string | undefined, socket: Socket) => string | Uint8Array,
  ): Promise<PlayedServer> {
    const listener = createServer();
    const server = new PlayedServer(listener);
    listener.on("connection", (socket) => {
      server.#sockets.add(socket);
      socket.on("error", () => undefined);
      let rest = "";
      socket.on("data", (piece: Buffer) => {
        const lines = (rest + piece.toString("latin1")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) socket.write(play(line, socket));
      });
      socket.write(play(undefined, socket));
    });
    await listenAnywhere(listener);
    return server;
  }

  get port(): number {
    return portOf(this.#listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}
