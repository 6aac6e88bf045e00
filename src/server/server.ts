import { listen, type Listener } from "../transport/tcp.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface ServerOptions extends SessionOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** How long parts of interrupted uploads are kept, in milliseconds. */
  readonly keepPartial: number;
}

/** How often what was left in the staging folder is looked through, in milliseconds. */
const SWEEP_MS = 3_600_000;
/** How often the deadlines of all sessions are looked at, in milliseconds. */
const CHECK_MS = 1000;
/** After they were cut, how long transfers may take to forget what they were storing, in ms. */
const FORGET_MS = 2000;

/** A server that listens. */
export class Server {
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #listener: Listener;
  readonly #checking: ReturnType<typeof setInterval>;
  readonly #sweeping: ReturnType<typeof setInterval>;

  /** @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like. */
  constructor(options: ServerOptions) {
    this.#options = options;
    this.#listener = listen(options.host, options.port, (connection) => {
      const session = new Session(connection, options);
      const running = session
        .run()
        .catch(options.onInternalError)
        .finally(() => this.#sessions.delete(session));
      this.#sessions.set(session, running);
    });
    this.port = this.#listener.port;
    this.#checking = setInterval(() => {
      const now = performance.now();
      for (const session of this.#sessions.keys()) session.checkDeadlines(now);
    }, CHECK_MS);
    const sweep = (): void => {
      options.storage.sweep(options.keepPartial).catch(options.onInternalError);
    };
    this.#sweeping = setInterval(sweep, SWEEP_MS);
    sweep();
    options.observe({
      event: "listening",
      host: options.host,
      port: this.port,
      root: options.storage.location,
    });
  }

  /**
   * Takes no more connections, closes those that wait with `421 closing`, lets what runs finish for
   * `grace` milliseconds, then cuts it. Settles when the last one is gone, or hangs in the storage:
   * what such a one was storing is left in the staging folder, to be swept.
   */
  async stop(grace: number): Promise<void> {
    this.#listener.close();
    const transfers = [...this.#sessions.keys()].filter((session) => session.busy).length;
    this.#options.observe({ event: "stopping", transfers });
    for (const session of this.#sessions.keys()) session.close("The server shuts down");
    const hangs = Promise.withResolvers<void>();
    let timer = setTimeout(() => {
      this.cut();
      timer = setTimeout(hangs.resolve, FORGET_MS);
    }, grace);
    const ended = Promise.all(this.#sessions.values()).then(() => this.#options.storage.close());
    await Promise.race([ended, hangs.promise]);
    clearTimeout(timer);
    clearInterval(this.#checking);
    clearInterval(this.#sweeping);
    this.#options.observe({ event: "stopped" });
  }

  /** Cuts every connection at once: what they were storing is forgotten. */
  cut(): void {
    for (const session of this.#sessions.keys()) session.destroy("The server shuts down");
  }
}
