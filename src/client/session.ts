import type { Deniable } from "../protocol/denied.ts";
import type { Path } from "../protocol/path.ts";
import type { ReplyEvent } from "../protocol/reply-decoder.ts";
import type { Reply } from "../protocol/reply.ts";
import { formatRequest, type Request, type Verb } from "../protocol/request.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { Channel } from "../transport/channel.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import { formatAddress, type Address, type Target } from "./address.ts";
import { CommandFailed, Interrupted, isFarewell, SessionLost, type Refused } from "./errors.ts";
import { Exchange, refusalOf, type Line } from "./exchange.ts";
import { Outbox } from "./outbox.ts";
import { closingAt, reach, type Reached } from "./reach.ts";
import { Slots } from "./slots.ts";
import { Status } from "./status.ts";
import type { Trust } from "./trust.ts";

export interface SessionOptions {
  /** How long a server may be silent while it is awaited, in milliseconds. */
  readonly timeout: number;
  readonly trust: Trust;
  /** Told when the server goes while nothing is asked of it. */
  readonly onLost?: (lost: SessionLost) => void;
}

/** What the server answers with a body. */
const HAVE_BODIES: ReadonlySet<Verb> = new Set(["GET", "LIST", "PACK"]);

/** How long a server may take to say goodbye, and to read what was sent before, in milliseconds. */
const GOODBYE_MS = 2000;
/** How often it is looked whether the server is silent, in milliseconds. */
const WATCH_MS = 1000;
/**
 * So many groups of small files are in memory at the most that were not sent: one that is being
 * sent, and those behind it, which are read meanwhile.
 */
const READ_AHEAD = 3;

/** An open connection to a server. */
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
  readonly #timeout: number;
  #denied: ReadonlySet<Deniable>;
  #last: Exchange | undefined;
  #cancelling: { readonly exchange: Exchange; readonly reply: Promise<Reply> } | undefined;
  #aborts = 0;
  #lost: SessionLost | undefined;
  #farewell: Refused | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #awaited = 0;
  /** Requests without their final reply. */
  #pending = 0;

  private constructor(reached: Reached, options: SessionOptions) {
    const { target } = reached;
    this.target = target;
    this.address = { host: target.host, port: target.port };
    this.connection = reached.connection;
    this.pipeline = reached.greeting.pipeline;
    this.features = reached.greeting.features;
    this.user = reached.login?.user;
    this.#channel = new Channel(reached.connection, reached.decoder);
    this.#outbox = new Outbox(reached.connection);
    this.#denied = reached.greeting.denied;
    this.#timeout = options.timeout;
  }

  /**
   * Connects, waits for the greeting, and logs in where the server is not on loopback.
   * @param signal aborted when the user interrupts: what is connected by then is closed
   * @throws {CommandFailed} status 3, saying who did not answer or what did; status 4, where it is
   * not trusted, or does not trust us
   * @throws {Interrupted}
   */
  static async open(
    target: Target,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<Session> {
    if (signal.aborted) throw new Interrupted();
    const opening = Session.#open(target, options, signal);
    const interrupted = Promise.withResolvers<never>();
    const interrupt = (): void => interrupted.reject(new Interrupted());
    signal.addEventListener("abort", interrupt);
    try {
      return await Promise.race([opening, interrupted.promise]);
    } catch (error) {
      // One that comes about all the same is of use to nobody.
      opening.then((session) => session.destroy()).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  static async #open(
    target: Target,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<Session> {
    const { trust } = options;
    const reached = await reach(target, { ...options, signal });
    const session = new Session(reached, options);
    try {
      await closingAt(signal, reached.connection, () => session.#begin(reached, trust));
    } catch (error) {
      if (error instanceof CommandFailed && error.status === Status.trust) {
        trust.forgetSecret(target);
      }
      reached.connection.destroy("not logged in");
      await session.destroy();
      throw error;
    }
    void session.#noticeEnd(options.onLost);
    return session;
  }

  /** Whether the connection is known to be gone. */
  get lost(): SessionLost | undefined {
    return this.#lost;
  }

  /** Why the server leaves, where it has said so: who waits behind that only sees that it is gone. */
  get farewell(): Refused | undefined {
    return this.#farewell;
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
    uploads: Uint8Array,
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
      const line = formatRequest("PUT", path, keys);
      begun.resolve(this.#exchange(false));
      return line;
    });
    return { exchange: await begun.promise, bodyEnded };
  }

  /**
   * The next event, for the exchange whose turn it is.
   * @throws {SessionLost} and from then on always the same
   */
  async read(): Promise<ReplyEvent> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#await();
    try {
      const event = await this.#channel.read();
      if (event !== undefined) return this.#noted(event);
      throw this.#lose("the server closed the connection");
    } catch (error) {
      if (error instanceof ConnectionLost) throw this.#lose(error.message);
      if (error instanceof ProtocolViolation) throw this.violated(error.message);
      throw error;
    } finally {
      this.#awaited--;
    }
  }

  /**
   * The next event of what has come already, for the exchange whose turn it is; `undefined` where
   * `read` has to wait for more.
   * @throws {SessionLost}
   */
  readNow(): ReplyEvent | undefined {
    if (this.#lost !== undefined) throw this.#lost;
    try {
      const event = this.#channel.readNow();
      return event && this.#noted(event);
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
    if (this.#farewell !== undefined) throw this.#farewell;
    if (this.#lost !== undefined) throw this.#lost;
    const { lost } = this.connection;
    if (lost !== undefined) throw this.#lostBy(lost.message);
  }

  /** Gives the connection up, because nothing that the server sends can be trusted any more. */
  violated(message: string): SessionLost {
    return this.#lose(`the server broke the protocol: ${message}`, false);
  }

  /** Says goodbye and closes. Never rejects. */
  async close(): Promise<void> {
    if (this.#lost === undefined) {
      // Whatever the server answers to a goodbye, the connection is closed.
      const goodbye = this.request("QUIT", [], {}).success();
      await Promise.race([goodbye.catch(() => undefined), Bun.sleep(GOODBYE_MS)]);
    }
    await this.destroy();
  }

  /** Closes at once, whatever is under way. */
  async destroy(): Promise<void> {
    clearInterval(this.#watch);
    this.#lost ??= new SessionLost("The connection is closed", { worthRetrying: false });
    const timer = setTimeout(() => this.connection.destroy("closed"), GOODBYE_MS);
    await this.connection.finish();
    clearTimeout(timer);
  }

  async #begin({ greeting, login, learnt }: Reached, trust: Trust): Promise<void> {
    // What was asked before the greeting.
    if (greeting.asked) await this.#exchange(false).reply();
    if (login === undefined) return;
    // Most of what a start loads costs time in proportion to its size, so a plain one goes without.
    const { logIn } = await import("./login.ts");
    this.#denied = await logIn(this, login);
    if (learnt !== undefined) await trust.remember(this.target, learnt);
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

  #noted(event: ReplyEvent): ReplyEvent {
    if (event.type === "reply" && isFarewell(event.reply)) {
      this.#farewell ??= refusalOf(event.reply);
    }
    return event;
  }

  /** While something is asked of the server, whoever waits for the reply finds out. */
  async #noticeEnd(onLost: SessionOptions["onLost"]): Promise<void> {
    await this.connection.ended;
    if (this.#lost !== undefined || this.#pending > 0) return;
    const said = await this.read().catch(() => undefined);
    // That says it better, of a connection that nothing was asked over.
    this.#farewell = undefined;
    if (this.#lost === undefined) {
      this.#lose(leaving(said));
    }
    if (this.#lost !== undefined) onLost?.(this.#lost);
  }

  #await(): void {
    this.#awaited++;
    this.connection.restartSilence();
    this.#watch ??= setInterval(() => {
      if (this.#awaited === 0 || this.connection.silence < this.#timeout) return;
      this.connection.destroy(`no answer for ${this.#timeout / 1000} s`);
    }, WATCH_MS);
    this.#watch.unref();
  }

  #lose(reason: string, worthRetrying = true): SessionLost {
    this.#lost ??= this.#lostBy(reason, worthRetrying);
    clearInterval(this.#watch);
    this.connection.destroy(reason);
    return this.#lost;
  }

  #lostBy(reason: string, worthRetrying = true): SessionLost {
    return new SessionLost(`The connection to ${formatAddress(this.address)} is lost: ${reason}`, {
      worthRetrying,
    });
  }
}

/** Why a server has closed a connection that nothing was asked over. */
function leaving(said: ReplyEvent | undefined): string {
  if (said?.type !== "reply" || said.reply.ok) return "the server closed it";
  const { word, message } = said.reply;
  return word === "idle"
    ? `nothing was done for longer than the server waits (${message})`
    : `the server left (${message})`;
}
