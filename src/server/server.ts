import type { Observe, ServerEvent } from "../observe/events.ts";
import type { Storage } from "../storage/storage.ts";
import { listen } from "../transport/tcp.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly storage: Storage;
  readonly observe: Observe<ServerEvent>;
  /** The program as the greeting names it, such as `sftp/1.0.0`. */
  readonly program: string;
  /** Told of errors that are nobody's fault but ours. */
  readonly onInternalError: (error: unknown) => void;
}

/** A server that listens. */
export class Server {
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #listener: ReturnType<typeof listen>;

  /** @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like. */
  constructor(options: ServerOptions) {
    this.#options = options;
    const sessionOptions: SessionOptions = options;
    this.#listener = listen(options.host, options.port, (connection) => {
      const session = new Session(connection, sessionOptions);
      const running = session
        .run()
        .catch(options.onInternalError)
        .finally(() => this.#sessions.delete(session));
      this.#sessions.set(session, running);
    });
    this.port = this.#listener.port;
    options.observe({
      event: "listening",
      host: options.host,
      port: this.port,
      root: options.storage.location,
    });
  }

  /**
   * Takes no more connections, closes those that wait with `421 closing`, lets what runs finish for
   * `grace` milliseconds, then cuts it. Settles when the last one is gone.
   */
  async stop(grace: number): Promise<void> {
    this.#listener.close();
    const transfers = [...this.#sessions.keys()].filter((session) => session.busy).length;
    this.#options.observe({ event: "stopping", transfers });
    for (const session of this.#sessions.keys()) session.close("The server shuts down");
    const timer = setTimeout(() => this.cut(), grace);
    await Promise.all(this.#sessions.values());
    clearTimeout(timer);
    await this.#options.storage.close();
    this.#options.observe({ event: "stopped" });
  }

  /** Cuts every connection at once: what they were storing is forgotten. */
  cut(): void {
    for (const session of this.#sessions.keys()) session.destroy("The server shuts down");
  }
}
