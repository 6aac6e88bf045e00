import type { RefusedReason } from "../observe/events.ts";
import { Quota, type QuotaLimits } from "../storage/limited/quota.ts";
import { LimitedStorage } from "../storage/limited/storage.ts";
import type { Storage } from "../storage/storage.ts";
import type { Identity } from "../security/identity.ts";
import type { Connection } from "../transport/connection.ts";
import type { Proxies } from "../transport/proxies.ts";
import { listen, type Listener } from "../transport/tcp.ts";
import { listenTls } from "../transport/tls-listen.ts";
import { Door, type DoorLimits } from "./door.ts";
import type { Guard } from "./login.ts";
import { Rates } from "./rates.ts";
import { Refusals } from "./refusals.ts";
import { Roots } from "./roots.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface ServerOptions extends Omit<
  SessionOptions,
  "guard" | "rates" | "onLogin" | "onGone"
> {
  /** Over TLS, and only after a login: there is neither without the other. */
  readonly protection: Protection | undefined;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: DoorLimits;
  /** Proxies whose word is taken for who has come. */
  readonly proxies: Proxies | undefined;
  /** How much the storage may hold. */
  readonly quota: QuotaLimits;
  /** Bytes a second that each user may send and receive together. */
  readonly rateLimit: number | undefined;
  /** Write nothing that no request asks for: sweep nothing. */
  readonly readOnly: boolean;
  /** How long parts of interrupted uploads are kept, in milliseconds. */
  readonly keepPartial: number;
}

/** What protects a server that others than this machine can reach. */
export interface Protection extends Omit<Guard, "storageFor"> {
  readonly identity: Identity;
  /** Opens a folder inside the root, made if absent. */
  readonly openRoot: (root: string) => Promise<Storage>;
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
  readonly #roots: Roots;
  readonly #refusals: Refusals<RefusedReason>;
  readonly #door: Door;
  readonly #rates: Rates | undefined;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #listener: Listener;
  readonly #checking: ReturnType<typeof setInterval>;
  readonly #sweeping: ReturnType<typeof setInterval>;

  /** @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like. */
  constructor(options: ServerOptions) {
    const { host, port, protection } = options;
    const quota = new Quota(options.storage, options.quota);
    const limit = (storage: Storage): Storage =>
      quota.isLimited ? new LimitedStorage(storage, quota) : storage;
    const storage = limit(options.storage);
    this.#options = { ...options, storage };
    this.#roots = new Roots(storage, async (root) => {
      if (protection === undefined) throw new Error("no users");
      return limit(await protection.openRoot(root));
    });
    this.#refusals = new Refusals((reason, client, count) =>
      options.observe({ event: "refused", reason, client, count }),
    );
    this.#door = new Door(options.limits, (reason, client) => this.#refusals.add(reason, client));
    this.#rates = options.rateLimit === undefined ? undefined : new Rates(options.rateLimit);
    const forAll = {
      ...this.#options,
      rates: this.#rates,
      onLogin: (connection: Connection) => this.#door.known(connection),
      onGone: (session: Session) => this.#sessions.delete(session),
    };
    if (protection === undefined) {
      const sessions = { ...forAll, guard: undefined };
      this.#listener = listen(host, port, {
        proxies: options.proxies,
        expect: (connection, descriptor) => this.#door.expect(connection, descriptor),
        arrive: (connection, descriptor) => this.#door.enter(connection, descriptor, false),
        leave: (connection) => this.#door.leave(connection),
        accept: (connection) => this.#serve(connection, sessions),
      });
    } else {
      const guard = { ...protection, storageFor: (root?: string) => this.#roots.of(root) };
      const sessions = { ...forAll, guard };
      const { identity, timeout } = protection;
      this.#listener = listenTls(host, port, identity, timeout, {
        proxies: options.proxies,
        expect: (connection, descriptor) => this.#door.expect(connection, descriptor),
        arrive: (connection, descriptor) => this.#door.enter(connection, descriptor, true),
        leave: (connection) => this.#door.leave(connection),
        accept: ({ connection, binding }) => this.#serve(connection, sessions, binding),
      });
    }
    this.port = this.#listener.port;
    this.#checking = setInterval(() => {
      const now = performance.now();
      for (const session of this.#sessions.keys()) session.checkDeadlines(now);
      this.#refusals.check(now);
      this.#rates?.forget(now);
    }, CHECK_MS);
    const sweep = (): void => {
      if (options.readOnly) return;
      this.#roots
        .sweep(options.keepPartial)
        .then(() => quota.recount())
        .catch(options.onInternalError);
    };
    this.#sweeping = setInterval(sweep, SWEEP_MS);
    sweep();
    options.observe({
      event: "listening",
      host: options.host,
      port: this.port,
      root: options.storage.location,
      ...(protection === undefined ? {} : { pin: protection.identity.pin }),
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
    await this.#roots.close();
    this.#refusals.end();
    this.#options.observe({ event: "stopped" });
  }

  #serve(connection: Connection, options: SessionOptions, binding?: Uint8Array): void {
    const session = new Session(connection, options, binding);
    this.#sessions.set(session, session.run());
  }

  /** Cuts every connection at once: what they were storing is forgotten. */
  cut(): void {
    for (const session of this.#sessions.keys()) session.destroy("The server shuts down");
  }
}
