import { connect, createServer, type Server, type Socket } from "node:net";
import { listenAnywhere, portOf } from "./ports.ts";

/**
 * Stands between a client and a server and lets only so many bytes through, so that a transfer is
 * surely in its middle while the test does something to one of the two.
 */
export class StallingProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stalled = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  /** @param limits how many bytes pass in each direction; all of them where left out */
  static async start(
    server: number,
    limits: { readonly toServer?: number; readonly toClient?: number },
  ): Promise<StallingProxy> {
    const listener = createServer();
    const proxy = new StallingProxy(listener);
    listener.on("connection", (client) => {
      const upstream = connect({ host: "127.0.0.1", port: server });
      void proxy.#pass(client, upstream, limits.toServer);
      void proxy.#pass(upstream, client, limits.toClient);
    });
    await listenAnywhere(listener);
    return proxy;
  }

  get port(): number {
    return portOf(this.#listener);
  }

  /** Settles when the limit is reached and nothing passes any more. */
  get stalled(): Promise<void> {
    return this.#stalled.promise;
  }

  /** Lets everything pass from now on. */
  release(): void {
    this.#released.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  async #pass(from: Socket, to: Socket, limit = Number.POSITIVE_INFINITY): Promise<void> {
    this.#sockets.add(from);
    let left = limit;
    // Where one side is gone, so is the other.
    from.on("close", () => to.destroy());
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        if (piece.length >= left) {
          to.write(piece.subarray(0, left));
          this.#stalled.resolve();
          await this.#released.promise;
          to.write(piece.subarray(left));
          left = Number.POSITIVE_INFINITY;
        } else {
          left -= piece.length;
          if (!to.write(piece)) await new Promise((resolve) => to.once("drain", resolve));
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}
