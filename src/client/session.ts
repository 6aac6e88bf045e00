import type { Deniable } from "../protocol/denied.ts";
import type { Path } from "../protocol/path.ts";
import type { ReplyEvent } from "../protocol/reply-decoder.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatRequest, type Request, type Verb } from "../protocol/request.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { Channel } from "../transport/channel.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import type { Address, Target } from "./address.ts";
import { Interrupted, type Refused, type SessionLost } from "./errors.ts";
import { Exchange, type Line } from "./exchange.ts";
import { Loss } from "./loss.ts";
import { Outbox, type Piece } from "./outbox.ts";
import type { Reached } from "./reach.ts";
import { SilenceWatch } from "./silence.ts";
import { Slots } from "./slots.ts";

/** What the server answers with a body. */
const HAVE_BODIES: ReadonlySet<Verb> = new Set(["GET", "LIST", "PACK"]);

/** How long a server may take to say goodbye, and to read what was sent before, in milliseconds. */
const GOODBYE_MS = 2000;
/**
 * So many groups of small files are in memory at the most that were not sent: one that is being
 * sent, and those behind it, which are read meanwhile.
 */
const READ_AHEAD = 3;

/** An open connection to a server: what is asked over it, and what comes back. */
export class Session implements Line {
  /** As it was asked for, with all that was found right of it. */
  readonly target: Target;
  readonly address: Address;
  readonly connection: Connection;
  /** How many requests the server takes in advance, as it has greeted. */
  readonly pipeline: number;
  /** What the server can do that not every server can, as it has greeted. */
  readonly features: ReadonlySet<string>;
  /** Whom it has logged in as, over TLS; `undefined` where it is plain, and nobody had to. */
  readonly user: string | undefined;
  /** When it was opened, on the clock of `performance.now()`. */
  readonly since = performance.now();
  /** Taken by each group of small files from before it is read until it is sent: see `uploadAll`. */
  readonly groups = new Slots(READ_AHEAD);
  readonly #channel: Channel<ReplyEvent>;
  readonly #outbox: Outbox;
  readonly #loss: Loss;
  readonly #silence: SilenceWatch;
  #denied: ReadonlySet<Deniable>;
  #last: Exchange | undefined;
  #cancelling: { readonly exchange: Exchange; readonly reply: Promise<Reply> } | undefined;
  #aborts = 0;
  /** Requests without their final reply. */
  #pending = 0;

  /** @param timeout how long the server may be silent while it is awaited, in milliseconds */
  constructor(reached: Reached, timeout: number) {
    const { target, connection } = reached;
    this.target = target;
    this.address = { host: target.host, port: target.port };
    this.connection = connection;
    this.pipeline = reached.greeting.pipeline;
    this.features = reached.greeting.features;
    this.user = reached.login?.user;
    this.#channel = new Channel(connection, reached.decoder);
    this.#outbox = new Outbox(connection);
    this.#loss = new Loss(connection, this.address);
    this.#silence = new SilenceWatch(connection, timeout);
    this.#denied = reached.greeting.denied;
  }

  /** Why the connection is gone, where it is known to be. */
  get lost(): SessionLost | undefined {
    return this.#loss.lost;
  }

  /** Why the server leaves, where it has said so: who waits behind that only sees that it is gone. */
  get farewell(): Refused | undefined {
    return this.#loss.farewell;
  }

  /** What the server has said that it does not allow, so that it need not be asked for. */
  get denied(): ReadonlySet<Deniable> {
    return this.#denied;
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.connection.received;
  }

  /** How often the server was asked to cancel. */
  get aborts(): number {
    return this.#aborts;
  }

  /**
   * Asks the server to cancel everything that it has not ended. Who asks for it when nothing was
   * asked for since shares the ABORT that was sent.
   */
  abort(): Promise<Reply> {
    if (this.#cancelling === undefined || this.#cancelling.exchange !== this.#last) {
      const exchange = this.request("ABORT", [], {});
      const reply = exchange.reply();
      reply.catch(() => undefined);
      this.#cancelling = { exchange, reply };
      this.#aborts++;
    }
    return this.#cancelling.reply;
  }

  /** Whether nothing was asked for behind an exchange. */
  isLast(exchange: Exchange): boolean {
    return this.#last === exchange;
  }

  /** What was asked before the session began: its reply is the first. */
  owed(): Exchange {
    return this.#exchange(false);
  }

  /** The server knows who asks, and has said what it does not allow. */
  loggedIn(denied: ReadonlySet<Deniable>): void {
    this.#denied = denied;
  }

  /** Sends a request. Replies come in order: each exchange waits for those before it. */
  request<V extends Exclude<Verb, "PUT">>(verb: V, path: Path, keys: Request<V>["keys"]): Exchange {
    // What cannot be written as a request is owed no reply.
    const line = formatRequest(verb, path, keys);
    const exchange = this.#exchange(HAVE_BODIES.has(verb));
    this.#outbox.request(line);
    return exchange;
  }

  /** Sends requests of one kind as one. */
  requestAll(verb: "GET", paths: readonly Path[]): Exchange {
    const lines = paths.map((path) => formatRequest(verb, path, {})).join("");
    const exchange = this.#exchange(HAVE_BODIES.has(verb), paths.length);
    this.#outbox.request(lines);
    return exchange;
  }

  /**
   * Sends PUTs with all of their bodies as one, as soon as no other body is being sent. Nothing else
   * is sent before little enough of it waits; whoever awaits the replies reads them meanwhile.
   * @param uploads of how many requests
   * @param onSent told when that little waits, or the connection is lost
   * @throws {Interrupted} where it is interrupted while it waits
   * @throws {CommandFailed} where the connection is lost by then: nothing was sent
   */
  async uploadAll(
    uploads: readonly Piece[],
    requests: number,
    signal: AbortSignal,
    onSent: () => void,
  ): Promise<Exchange> {
    const begun = Promise.withResolvers<Exchange>();
    const bodyEnded = await this.#outbox.beginBody(() => {
      if (signal.aborted) throw new Interrupted();
      this.checkOpen();
      begun.resolve(this.#exchange(false, requests));
      return uploads;
    });
    void this.connection
      .drained()
      .catch(() => undefined)
      .finally(() => {
        bodyEnded();
        onSent();
      });
    return begun.promise;
  }

  /**
   * Sends a PUT as soon as no other body is being sent. Until `bodyEnded` is called nothing else
   * is sent but what the caller writes to the connection.
   * @throws {Interrupted} where it is interrupted while it waits
   */
  async upload(
    path: Path,
    keys: Request<"PUT">["keys"],
    signal: AbortSignal,
  ): Promise<{ readonly exchange: Exchange; readonly bodyEnded: () => void }> {
    const begun = Promise.withResolvers<Exchange>();
    const bodyEnded = await this.#outbox.beginBody(() => {
      if (signal.aborted) throw new Interrupted();
      const data = formatRequest("PUT", path, keys);
      begun.resolve(this.#exchange(false));
      return [{ data }];
    });
    return { exchange: await begun.promise, bodyEnded };
  }

  /**
   * The next event, for the exchange whose turn it is.
   * @throws {SessionLost} and from then on always the same
   */
  async read(): Promise<ReplyEvent> {
    const { lost } = this.#loss;
    if (lost !== undefined) throw lost;
    this.#silence.begin();
    try {
      const event = await this.#channel.read();
      if (event === undefined) throw this.#lose("the server closed the connection");
      if (event.type === "reply") this.#loss.hear(event.reply);
      return event;
    } catch (error) {
      if (error instanceof ConnectionLost) throw this.#lose(error.message);
      if (error instanceof ProtocolViolation) throw this.violated(error.message);
      throw error;
    } finally {
      this.#silence.end();
    }
  }

  /**
   * The next event of what has come already, for the exchange whose turn it is; `undefined` where
   * `read` has to wait for more.
   * @throws {SessionLost}
   */
  readNow(): ReplyEvent | undefined {
    const { lost } = this.#loss;
    if (lost !== undefined) throw lost;
    try {
      const event = this.#channel.readNow();
      if (event?.type === "reply") this.#loss.hear(event.reply);
      return event;
    } catch (error) {
      if (error instanceof ProtocolViolation) throw this.violated(error.message);
      throw error;
    }
  }

  /**
   * Fails where nothing that is sent has an answer any more, whether what came before that was read
   * or not.
   * @throws {SessionLost} or what the server has said as it left
   */
  checkOpen(): void {
    this.#loss.check();
  }

  /** Gives the connection up, because nothing that the server sends can be trusted any more. */
  violated(message: string): SessionLost {
    return this.#lose(`the server broke the protocol: ${message}`, false);
  }

  /**
   * Waits until the server ends the connection. While something is asked of it, whoever waits for the
   * reply finds out.
   * @param onLost told where nothing is
   */
  async noticeEnd(onLost: ((lost: SessionLost) => void) | undefined): Promise<void> {
    await this.connection.ended;
    if (this.lost !== undefined || this.#pending > 0) return;
    const said = await this.read().catch(() => undefined);
    this.#silence.stop();
    onLost?.(this.#loss.left(said));
  }

  /** Says goodbye and closes. Never rejects. */
  async close(): Promise<void> {
    if (this.lost === undefined) {
      // Whatever the server answers to a goodbye, the connection is closed.
      const goodbye = this.request("QUIT", [], {}).success();
      await Promise.race([goodbye.catch(() => undefined), Bun.sleep(GOODBYE_MS)]);
    }
    await this.destroy();
  }

  /** Closes at once, whatever is under way. */
  async destroy(): Promise<void> {
    this.#silence.stop();
    this.#loss.close();
    const timer = setTimeout(() => this.connection.destroy("closed"), GOODBYE_MS);
    await this.connection.finish();
    clearTimeout(timer);
  }

  #exchange(hasBody: boolean, requests = 1): Exchange {
    const exchange = new Exchange(this, this.#last?.done, hasBody, requests);
    this.#last = exchange;
    this.#pending++;
    void exchange.done.then(() => {
      if (--this.#pending === 0) this.connection.rest();
    });
    return exchange;
  }

  #lose(reason: string, worthRetrying = true): SessionLost {
    this.#silence.stop();
    return this.#loss.lose(reason, worthRetrying);
  }
}
