import type { Observe, ServerEvent } from "../observe/events.ts";
import { PIPELINE, PROTOCOL_VERSION } from "../protocol/limits.ts";
import { PACK, UNPACK } from "../protocol/pack.ts";
import { formatFailure, formatSuccess } from "../protocol/reply.ts";
import { networkOf } from "../security/ip.ts";
import type { Storage } from "../storage/storage.ts";
import type { Connection } from "../transport/connection.ts";
import { Carrier } from "./carrier.ts";
import { Intake, type IntakeEnd } from "./intake.ts";
import type { Job } from "./job.ts";
import type { Admitted } from "./job-exchange.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Lanes } from "./lanes.ts";
import { MECHANISM } from "../security/mechanism.ts";
import { Login, type Account, type Guard } from "./login.ts";
import { Parts } from "./parts.ts";
import type { Rates } from "./rates.ts";
import { Rights, type Withheld } from "./rights.ts";
import { Watch, type Deadlines } from "./watch.ts";

export interface SessionOptions {
  readonly storage: Storage;
  /** What clients log in against; where there is none, everybody may do everything. */
  readonly guard: Guard | undefined;
  readonly observe: Observe<ServerEvent>;
  /** The program as the greeting names it, such as `sftp/1.0.0`. */
  readonly program: string;
  readonly deadlines: Deadlines;
  /** What nobody may do. */
  readonly withheld: Withheld;
  /** How fast each user may be. */
  readonly rates: Rates | undefined;
  /** Called when the client has logged in. */
  readonly onLogin: (connection: Connection) => void;
  /** Called when the client has gone. */
  readonly onGone: (session: Session) => void;
  /** Told of errors that are nobody's fault but ours. */
  readonly onInternalError: (error: unknown) => void;
}

/** Why a connection ends for a fault of this program. */
const TROUBLE = "the server has trouble of its own";

/** How much somebody unknown may ask for: answering costs time that others wait for. */
const MOST_BEFORE_LOGIN = 16;

/**
 * One client: what it asks for is carried out as if one after the other, and answered in order. Where
 * the storage gains by it, requests that do not touch each other are carried out at the same time.
 */
export class Session {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #intake: Intake;
  readonly #watch: Watch;
  readonly #login: Login | undefined;
  /** Whoever may ask for things. */
  #admitted: Admitted | undefined;
  /** Requests of a client that has not logged in. */
  #asked = 0;
  readonly #lanes = new Lanes();
  /** Made for the first request: a client that asks for nothing costs no memory for it. */
  #carrier: Carrier | undefined;
  #closing: string | undefined;

  /** @param binding what binds a login to the connection, over TLS */
  constructor(connection: Connection, options: SessionOptions, binding?: Uint8Array) {
    const { guard, withheld } = options;
    this.#connection = connection;
    this.#options = options;
    this.#intake = new Intake(connection);
    if (guard === undefined) {
      const { storage } = options;
      // Without a login, whoever shares an address shares its rate.
      const rights = new Rights("full", withheld);
      this.#admit({ user: networkOf(connection.remoteAddress), rights, storage }, undefined);
    } else if (binding === undefined) throw new Error("a login needs a connection over TLS");
    else this.#login = new Login(guard, connection, binding, withheld);
    this.#watch = new Watch(connection, this.#intake, options.deadlines);
  }

  /** Whether anything is being carried out. */
  get busy(): boolean {
    return this.#lanes.busy;
  }

  /** Greets, and serves the client until it goes. */
  async run(): Promise<void> {
    let reading: Promise<IntakeEnd> | undefined;
    try {
      this.#greet();
      reading = this.#intake.run();
      while (this.#closing === undefined) {
        // What nobody can begin is left where it counts as waiting.
        await this.#lanes.anyRoom();
        if (this.#closing !== undefined) break;
        const job = await this.#intake.next();
        if (job === undefined || this.#closing !== undefined) break;
        await this.#lanes.room(job);
        if (this.#closing !== undefined) break;
        if (this.#connection.isLost) {
          // Nobody would hear of it, and what waits keeps memory that others need.
          this.#intake.forget();
          break;
        }
        this.#begin(job);
      }
      await this.#lanes.settle();
    } catch (error) {
      this.#fail(error);
    }
    try {
      await this.#leave(reading);
    } catch (error) {
      this.#fail(error);
    }
    this.#options.onGone(this);
  }

  /** Closes with `421 closing`: at once, or as soon as what runs is answered. */
  close(message: string): void {
    this.#closing ??= message;
    // Beside what runs the next request may be waited for already.
    void this.#lanes.settle().then(() => this.#intake.stop());
  }

  /** Closes the connection where the client has kept it waiting for too long. */
  checkDeadlines(now: number): void {
    const overdue =
      this.#login?.isOverdue(now) === true
        ? "The login has taken too long"
        : this.#watch.check(now);
    if (overdue === undefined || this.#closing !== undefined) return;
    this.#closing = overdue;
    // Who does not read would not see the reason either.
    if (this.#connection.queued > 0) {
      this.#connection.destroy(overdue);
    } else {
      this.#connection.write(formatFailure({ code: 421, word: "idle" }, overdue));
      void this.#connection.finish();
    }
  }

  /** Cuts the connection at once. */
  destroy(reason: string): void {
    this.#closing ??= reason;
    this.#connection.destroy(reason);
  }

  #greet(): void {
    this.#options.observe({ event: "connected", client: this.#connection.remote });
    this.#connection.write(
      formatSuccess(220, {
        protocol: PROTOCOL_VERSION,
        server: this.#options.program,
        auth: this.#login === undefined ? "none" : MECHANISM,
        pipeline: PIPELINE,
        features: featuresOf(this.#options.storage),
        // Where somebody has to log in, that tells what they may do.
        denied: this.#admitted?.rights.denied,
      }),
    );
  }

  #begin(job: Job): void {
    // Nothing runs any more: the upload has said by now what it had to say.
    if (job.asked.type === "violation" && job.asked.inBody?.causeTold === true) return;
    this.#carrier ??= this.#makeCarrier();
    const carrier = this.#carrier;
    const group = carrier.gather(job, this.#lanes);
    this.#lanes.begin(group.jobs, (turn) => carrier.carryOut(group, turn));
  }

  #fail(error: unknown): void {
    this.#options.onInternalError(error);
    this.destroy(TROUBLE);
  }

  async #leave(reading: Promise<IntakeEnd> | undefined): Promise<void> {
    this.#login?.drop();
    if (this.#admitted?.rate !== undefined) this.#options.rates?.leave(this.#admitted.rate);
    await this.#admitted?.parts.close();
    const closing = this.#closing;
    if (closing !== undefined) this.#sayClosing(closing);
    await this.#connection.finish();
    const end = await reading;
    if (end?.type === "failed") this.#options.onInternalError(end.error);
    const reason = closing ?? reasonOf(end);
    this.#options.observe({ event: "disconnected", client: this.#connection.remote, reason });
  }

  #makeCarrier(): Carrier {
    const { observe, onInternalError } = this.#options;
    return new Carrier({
      connection: this.#connection,
      intake: this.#intake,
      keepAlive: new KeepAlive(this.#connection),
      login: this.#login,
      admitted: () => this.#admitted,
      observe,
      onInternalError,
      onAnswered: (job) => this.#minds(job),
    });
  }

  /** Looks after each request whether the client has logged in, or should not go on. */
  #minds({ body }: Job): void {
    if (this.#admitted !== undefined || this.#login === undefined) return;
    const { account, isOver } = this.#login;
    if (account !== undefined) {
      this.#options.onLogin(this.#connection);
      this.#admit(account, account.user);
    } else if (isOver) this.#closing = "There were too many wrong logins";
    // Nothing of an upload is taken from somebody unknown, not even to drop it.
    else if (body !== undefined) this.#closing = "Log in before sending files";
    else if (++this.#asked >= MOST_BEFORE_LOGIN) this.#closing = "Log in before asking for more";
  }

  /** @param by whose interrupted uploads it goes on with: everybody's, where nobody has to log in */
  #admit({ user, rights, storage }: Account, by: string | undefined): void {
    const rate = this.#options.rates?.enter(user);
    this.#admitted = { rights, storage, parts: new Parts(storage, by), rate };
    this.#lanes.widen(storage.ahead);
    this.#intake.admit();
  }

  #sayClosing(message: string): void {
    this.#connection.write(formatFailure({ code: 421, word: "closing" }, message));
  }
}

/** What is quicker for many small files, where the storage gains by it. */
function featuresOf({ readSmall, storeSmall }: Storage): string | undefined {
  const features = [readSmall && PACK, storeSmall && UNPACK].filter((one) => one !== undefined);
  return features.length === 0 ? undefined : features.join(",");
}

function reasonOf(end: IntakeEnd | undefined): string {
  switch (end?.type) {
    case "quit":
    case "fin":
      return "closed by the client";
    case "lost":
      return `lost: ${end.message}`;
    case "violation":
      return `broke the protocol: ${end.message}`;
    case "failed":
    case undefined:
      return TROUBLE;
  }
}
