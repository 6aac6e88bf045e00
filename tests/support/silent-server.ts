import { PlayedServer } from "./played-server.ts";

const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";

/** A server that greets, and answers everything but one request. */
export class SilentServer implements AsyncDisposable {
  readonly #server: PlayedServer;
  /** Settles when the request has come that gets no answer. */
  readonly heard: Promise<void>;
  /** What was asked of it, in order. */
  readonly asked: readonly string[];

  readonly #news: { wake: () => void };

  private constructor(
    server: PlayedServer,
    heard: Promise<void>,
    asked: readonly string[],
    news: { wake: () => void },
  ) {
    this.#server = server;
    this.#news = news;
    this.heard = heard;
    this.asked = asked;
  }

  /** Waits until something more is asked. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#news.wake = resolve));
  }

  /** @param verb the request that gets no answer; `greeting` where it does not even greet */
  static async start(verb: string): Promise<SilentServer> {
    const heard = Promise.withResolvers<void>();
    const asked: string[] = [];
    const news = { wake: (): void => undefined };
    const server = await PlayedServer.start((line) => {
      if (line === undefined && verb !== "greeting") return GREETING;
      if (line !== undefined) asked.push(line);
      news.wake();
      // What comes behind it has to wait for it.
      if (line === undefined || line.startsWith(verb)) heard.resolve();
      return asked.some((one) => one.startsWith(verb)) || verb === "greeting" ? "" : "225\n";
    });
    return new SilentServer(server, heard.promise, asked, news);
  }

  get port(): number {
    return this.#server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
