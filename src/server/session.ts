import type { Observe, ServerEvent } from "../observe/events.ts";
import { frameBlock } from "../protocol/block.ts";
import { PIPELINE, PROTOCOL_VERSION } from "../protocol/limits.ts";
import { formatFailure, formatSuccess } from "../protocol/reply.ts";
import { networkOf } from "../security/ip.ts";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Connection } from "../transport/connection.ts";
import { join } from "../transport/join.ts";
import type { Exchange } from "./exchange.ts";
import { aborted, RequestFailed, toFailure } from "./failures.ts";
import { Intake, type IntakeEnd } from "./intake.ts";
import type { Job } from "./job.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Lanes, Turn } from "./lanes.ts";
import { MECHANISM } from "../security/mechanism.ts";
import { Login, type Account, type Guard } from "./login.ts";
import { Parts } from "./parts.ts";
import type { Rate, Rates } from "./rates.ts";
import { Rights, type Right, type Withheld } from "./rights.ts";
import { gather, type Group } from "./together.ts";
import type { Answer, Asker } from "./verbs/small.ts";
import { authorise, handle, isLogged } from "./verbs.ts";
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
  readonly onLogin: () => void;
  /** Told of errors that are nobody's fault but ours. */
  readonly onInternalError: (error: unknown) => void;
}

/** How much somebody unknown may ask for: answering costs time that others wait for. */
const MOST_BEFORE_LOGIN = 16;

/** What a client works with, once it may. */
interface Admitted {
  readonly rights: Rights;
  readonly storage: Storage;
  readonly parts: Parts;
  readonly rate: Rate | undefined;
}

/**
 * One client: what it asks for is carried out as if one after the other, and answered in order. Where
 * the storage gains by it, requests that do not touch each other are carried out at the same time.
 */
export class Session {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #intake: Intake;
  readonly #keepAlive: KeepAlive;
  readonly #watch: Watch;
  readonly #login: Login | undefined;
  /** Whoever may ask for things. */
  #admitted: Admitted | undefined;
  /** Requests of a client that has not logged in. */
  #asked = 0;
  readonly #lanes = new Lanes();
  #closing: string | undefined;

  /** @param binding what binds a login to the connection, over TLS */
  constructor(connection: Connection, options: SessionOptions, binding?: Uint8Array) {
    const { guard, withheld } = options;
    this.#connection = connection;
    this.#options = options;
    this.#intake = new Intake(connection);
    this.#keepAlive = new KeepAlive(connection);
    if (guard === undefined) {
      const { storage } = options;
      // Without a login, whoever shares an address shares its rate.
      const rights = new Rights("full", withheld);
      this.#admit({ user: networkOf(connection.remoteAddress), rights, storage });
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
    const client = this.#connection.remote;
    this.#options.observe({ event: "connected", client });
    this.#connection.write(
      formatSuccess(220, {
        protocol: PROTOCOL_VERSION,
        server: this.#options.program,
        auth: this.#login === undefined ? "none" : MECHANISM,
        pipeline: PIPELINE,
        // Where somebody has to log in, that tells what they may do.
        denied: this.#admitted?.rights.denied,
      }),
    );
    const reading = this.#intake.run();
    await this.#work();
    this.#login?.drop();
    await this.#admitted?.parts.close();
    if (this.#admitted?.rate !== undefined) this.#options.rates?.leave(this.#admitted.rate);
    const closing = this.#closing;
    if (closing !== undefined) this.#sayClosing(closing);
    await this.#connection.finish();
    const reason = closing ?? reasonOf(await reading);
    this.#options.observe({ event: "disconnected", client, reason });
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

  async #work(): Promise<void> {
    while (this.#closing === undefined) {
      // What nobody can begin is left where it counts as waiting.
      await this.#lanes.anyRoom();
      if (this.#closing !== undefined) break;
      const job = await this.#intake.next();
      if (job === undefined || this.#closing !== undefined) break;
      await this.#lanes.room(job);
      if (this.#closing !== undefined) break;
      // Nothing runs any more: the upload has said by now what it had to say.
      if (job.asked.type === "violation" && job.asked.inBody?.causeTold === true) continue;
      this.#begin(job);
    }
    await this.#lanes.settle();
  }

  #begin(job: Job): void {
    const asker = this.#togetherWith(job);
    const { jobs, carryOut }: Group = asker
      ? gather(job, (wanted) =>
          this.#intake.nextIf((next) => this.#lanes.hasRoom(next) && wanted(next)),
        )
      : { jobs: [job] };
    this.#lanes.begin(jobs, async (turn) => {
      if (asker === undefined || carryOut === undefined) return this.#carryOut(job, turn);
      turn.whenNow(() => this.#keepAlive.begin());
      const answers = await carryOut(asker);
      await turn.come;
      await this.#answerAll(jobs, answers);
      this.#keepAlive.end();
    });
  }

  /**
   * For whom a small file is read or stored together with others: nobody whose rate has to be
   * minded, or to whom the storage has to be told what is not allowed.
   */
  #togetherWith({ asked }: Job): Asker | undefined {
    const { storage, rate, rights } = this.#admitted ?? {};
    const isPut = asked.type === "request" && asked.request.verb === "PUT";
    const way = isPut ? storage?.storeSmall : storage?.readSmall;
    if (storage === undefined || way === undefined || rate !== undefined) return undefined;
    const wanted: readonly Right[] = isPut ? ["add", "replace"] : ["read"];
    if (rights === undefined || wanted.some((right) => rights.withholderOf(right))) {
      return undefined;
    }
    return { storage, client: this.#connection.remote };
  }

  /** Answers what was carried out together, and carries out by itself what was not. */
  async #answerAll(jobs: readonly Job[], answers: readonly (Answer | undefined)[]): Promise<void> {
    let pieces: (string | Uint8Array)[] = [];
    const send = (): void => {
      if (pieces.length > 0) this.#connection.write(join(pieces));
      pieces = [];
    };
    for (const [index, job] of jobs.entries()) {
      const answer = answers[index];
      if (answer === undefined || (job.cancelled && job.body === undefined)) {
        send();
        await this.#carryOut(job, Turn.now());
        continue;
      }
      pieces.push(...answer.pieces);
      this.#options.observe(answer.event);
      this.#intake.answered(job);
      job.body?.drop(() => undefined);
    }
    send();
    await this.#connection.drained().catch(() => undefined);
  }

  /** Carries out a request, and answers it when its turn comes. */
  async #carryOut(job: Job, turn: Turn): Promise<void> {
    turn.whenNow(() => this.#keepAlive.begin());
    const reply = await this.#answer(job, turn);
    await turn.come;
    this.#connection.write(reply);
    this.#keepAlive.end();
    this.#intake.answered(job);
    this.#minds(job);
    job.body?.drop(() => {
      this.#sayClosing("Too much followed an upload that had failed");
      void this.#connection.finish();
    });
    // Who does not read replies is given no more of them. A loss is told by the intake.
    await this.#connection.drained().catch(() => undefined);
  }

  /** Looks after each request whether the client has logged in, or should not go on. */
  #minds({ body }: Job): void {
    if (this.#admitted !== undefined || this.#login === undefined) return;
    const { account, isOver } = this.#login;
    if (account !== undefined) {
      this.#options.onLogin();
      this.#admit(account);
    } else if (isOver) this.#closing = "There were too many wrong logins";
    // Nothing of an upload is taken from somebody unknown, not even to drop it.
    else if (body !== undefined) this.#closing = "Log in before sending files";
    else if (++this.#asked >= MOST_BEFORE_LOGIN) this.#closing = "Log in before asking for more";
  }

  #admit({ user, rights, storage }: Account): void {
    const rate = this.#options.rates?.enter(user);
    this.#admitted = { rights, storage, parts: new Parts(storage), rate };
    this.#lanes.widen(storage.ahead);
    this.#intake.admit();
  }

  async #answer(job: Job, turn: Turn): Promise<string> {
    const { asked } = job;
    try {
      if (asked.type === "violation") {
        throw new RequestFailed({ code: 500, word: "syntax" }, asked.message);
      }
      const { verb } = asked.type === "rejected" ? asked.rejection : asked.request;
      authorise(verb, this.#admitted?.rights);
      if (asked.type === "rejected") throw RequestFailed.fromRejection(asked.rejection);
      const exchange = this.#exchange(job, turn);
      exchange.progress(0);
      const done = await handle(asked.request, exchange);
      return formatSuccess(done.code, done.fields);
    } catch (error) {
      const failed = toFailure(error);
      const isTold = error instanceof StorageError;
      if (failed.failure.code === 451 && !isTold) this.#options.onInternalError(error);
      this.#observeFailure(job, failed);
      return formatFailure(failed.failure, failed.message);
    }
  }

  #observeFailure({ asked }: Job, failed: RequestFailed): void {
    if (asked.type !== "request" || !isLogged(asked.request.verb)) return;
    this.#options.observe({
      event: "failed",
      client: this.#connection.remote,
      verb: asked.request.verb,
      path: asked.request.path.join("/"),
      ...failed.failure,
      message: failed.logged,
    });
  }

  #exchange(job: Job, turn: Turn): Exchange {
    const connection = this.#connection;
    const keepAlive = this.#keepAlive;
    const mind = (): void => {
      if (job.cancelled) throw aborted("Cancelled");
      if (connection.isLost) throw aborted("The connection was lost");
    };
    const admitted = (): Admitted => {
      if (this.#admitted !== undefined) return this.#admitted;
      throw new Error("nobody has logged in");
    };
    return {
      get storage() {
        return admitted().storage;
      },
      get parts() {
        return admitted().parts;
      },
      get rights() {
        return admitted().rights;
      },
      open: async (path) => {
        const { storage } = admitted();
        const ahead = turn.isNow ? undefined : await storage.openAhead?.(path);
        if (ahead !== undefined) return ahead;
        await turn.come;
        mind();
        return storage.open(path);
      },
      login: this.#login,
      cutBody: (cause) => job.body?.fail(cause),
      client: connection.remote,
      observe: this.#options.observe,
      nextOfBody: async () => {
        if (job.body === undefined) throw new Error("the request has no body");
        const event = await job.body.next();
        if (event.type === "block") await this.#admitted?.rate?.pass(event.data.length, mind);
        return event;
      },
      turn: async () => {
        await turn.come;
        mind();
      },
      begin: (fields) =>
        turn.whenNow(() => {
          connection.write(formatSuccess(150, fields));
          keepAlive.bodyBegan();
        }),
      block: async (buffer, length, digest, onTaken) => {
        if (!turn.isNow) await turn.come;
        await this.#admitted?.rate?.pass(length, mind);
        connection.write(frameBlock(buffer, length, digest), onTaken);
        keepAlive.sent();
        await connection.drained();
      },
      tellProgress: () => {
        const { body } = job;
        if (body === undefined) return;
        turn.whenNow(() => keepAlive.tellMore(() => this.#intake.partOf(body)));
      },
      progress: (done) => {
        if (turn.isNow) keepAlive.done = done;
        mind();
      },
    };
  }

  #sayClosing(message: string): void {
    this.#connection.write(formatFailure({ code: 421, word: "closing" }, message));
  }
}

function reasonOf(end: IntakeEnd): string {
  switch (end.type) {
    case "quit":
    case "fin":
      return "closed by the client";
    case "lost":
      return `lost: ${end.message}`;
    case "violation":
      return `broke the protocol: ${end.message}`;
  }
}
