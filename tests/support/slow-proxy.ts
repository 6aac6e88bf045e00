import { connect, createServer, type Server, type Socket } from "node:net";
import { listenAnywhere, portOf } from "./ports.ts";

/** How often it passes something on, in milliseconds. */
const EVERY_MS = 100;

/** A slow line to a server: what a client sends arrives at so many bytes a second. */
export class SlowProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  /** @param rate in bytes a second */
  static async start(server: number, rate: number): Promise<SlowProxy> {
    const listener = createServer();
    const proxy = new SlowProxy(listener);
    listener.on("connection", (client) => {
      const upstream = connect({ host: "127.0.0.1", port: server });
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        proxy.#sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => other.destroy());
      }
      upstream.pipe(client);
      void pass(client, upstream, Math.ceil((rate * EVERY_MS) / 1000));
    });
    await listenAnywhere(listener);
    return proxy;
  }

  get port(): number {
    return portOf(this.#listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}

async function pass(from: Socket, to: Socket, atOnce: number): Promise<void> {
  try {
    for await (const piece of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length; at += atOnce) {
        to.write(piece.subarray(at, at + atOnce));
        // A line of commands is no upload.
        if (piece.length >= atOnce) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    }
  } catch {
    // Whoever closed it knows.
  }
}
