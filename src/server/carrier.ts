import { formatFailure, formatSuccess } from "../protocol/reply.ts";
import { StorageError } from "../storage/errors.ts";
import { join } from "../transport/join.ts";
import { aborted, RequestFailed, toFailure } from "./failures.ts";
import type { Job } from "./job.ts";
import { exchangeFor, mindJob, type CarrierContext } from "./job-exchange.ts";
import { Turn, type Lanes } from "./lanes.ts";
import type { Rate } from "./rates.ts";
import { gather, type Group } from "./together.ts";
import { transferred } from "./transferred.ts";
import { authorise, handle, isLogged, mayDoAll } from "./verbs.ts";
import type { Answer, Asker } from "./verbs/small.ts";

/** Requests that are carried out as one, and for whom; each by itself where that is left out. */
export interface Gathered extends Group {
  readonly asker?: Asker;
}

/** Carries out what one client asks for, and answers. */
export class Carrier {
  readonly #context: CarrierContext;

  constructor(context: CarrierContext) {
    this.#context = context;
  }

  /** Takes more requests that wait and can be carried out with one, where the storage gains by it. */
  gather(job: Job, lanes: Lanes): Gathered {
    const asker = this.#askerOf(job);
    if (asker === undefined) return { jobs: [job] };
    const { intake } = this.#context;
    const group = gather(job, lanes.together, (wanted) =>
      intake.nextIf((next) => lanes.hasRoom(next) && wanted(next)),
    );
    return { ...group, asker };
  }

  /**
   * Carries out requests, and answers them when their turn comes. Never rejects: where a reply cannot
   * be given, no other may take its place, and the connection is cut.
   */
  async carryOut(group: Gathered, turn: Turn): Promise<void> {
    try {
      await this.#carryOutAll(group, turn);
    } catch (error) {
      this.#context.onInternalError(error);
      this.#context.connection.destroy("the server has trouble of its own");
    }
  }

  async #carryOutAll({ jobs, carryOut, bodies, asker }: Gathered, turn: Turn): Promise<void> {
    if (carryOut === undefined || asker === undefined) {
      for (const job of jobs) await this.#carryOut(job, turn);
      return;
    }
    const tryAll = async (from?: number, to?: number): Promise<readonly (Answer | undefined)[]> => {
      try {
        return await carryOut(asker, from, to);
      } catch (error) {
        // Each by itself may still be done, or be told why not.
        this.#context.onInternalError(error);
        return [];
      }
    };
    const started = performance.now();
    const { keepAlive, admitted } = this.#context;
    const rate = admitted()?.rate;
    turn.whenNow(() => keepAlive.begin());
    // Uploads pass the rate before they are stored, what is sent before it is. What would have to
    // wait for that waits for its turn first: so each connection waits for one portion at a time.
    const isPaid = rate === undefined || (bodies !== undefined && rate.takeNow(sum(bodies)));
    const done = isPaid || bodies === undefined ? await tryAll() : undefined;
    await turn.come;
    if (isPaid) await this.#answerAll(jobs, done ?? [], started, true);
    else {
      const sizes = bodies ?? jobs.map((_, place) => done?.[place]?.moved.bytes ?? 0);
      await this.#answerByRate(
        jobs,
        sizes,
        started,
        rate,
        async (from, to) => done?.slice(from, to) ?? tryAll(from, to),
      );
    }
    keepAlive.end();
  }

  /**
   * For whom a small file is read or stored together with others: nobody to whom the storage has to
   * be told what is not allowed.
   */
  #askerOf({ asked }: Job): Asker | undefined {
    const { storage, rights } = this.#context.admitted() ?? {};
    if (storage === undefined || rights === undefined || asked.type !== "request") return undefined;
    const { verb } = asked.request;
    const way = verb === "PUT" ? storage.storeSmall : storage.readSmall;
    if (way === undefined || !mayDoAll(verb, rights)) return undefined;
    return { storage };
  }

  /**
   * Answers what is carried out together, in portions that the client's rate lets pass.
   * @param sizes bytes of each
   * @param started when they were begun, of `performance.now()`
   * @param answer gives the answers from one place to another, once those may pass
   */
  async #answerByRate(
    jobs: readonly Job[],
    sizes: readonly number[],
    started: number,
    rate: Rate,
    answer: (from: number, to: number) => Promise<readonly (Answer | undefined)[]>,
  ): Promise<void> {
    for (let from = 0, to = 0; from < jobs.length; from = to) {
      // What was carried out by itself has ended it.
      this.#context.keepAlive.begin();
      to = rate.portion(sizes, from);
      const some = jobs.slice(from, to);
      const isPaid = await this.#pass(some, sum(sizes.slice(from, to)), rate);
      const answers = isPaid ? await answer(from, to) : [];
      await this.#answerAll(some, answers, started, isPaid);
    }
  }

  /** Waits until the rate lets bytes pass. Gives whether they are still wanted. */
  async #pass(jobs: readonly Job[], bytes: number, rate: Rate): Promise<boolean> {
    const mind = (): void => {
      for (const job of jobs) mindJob(this.#context, job);
    };
    try {
      mind();
      if (bytes > 0) await rate.pass(bytes, mind);
      return true;
    } catch (error) {
      if (error instanceof RequestFailed) return false;
      throw error;
    }
  }

  /** Answers what was carried out together, and carries out by itself what was not. */
  async #answerAll(
    jobs: readonly Job[],
    answers: readonly (Answer | undefined)[],
    started: number,
    isPaid: boolean,
  ): Promise<void> {
    let answered: { readonly job: Job; readonly answer: Answer }[] = [];
    const send = async (): Promise<void> => {
      const some = answered;
      answered = [];
      if (some.length > 0) await this.#send(some, started);
    };
    for (const [index, job] of jobs.entries()) {
      const answer = answers[index];
      if (answer === undefined || (job.cancelled && job.body === undefined)) {
        await send();
        await this.#carryOut(job, Turn.now(), isPaid);
      } else answered.push({ job, answer });
    }
    await send();
  }

  /** Sends answers, and tells the log: of what is sent when it is, as of what is sent by itself. */
  async #send(
    answered: readonly { readonly job: Job; readonly answer: Answer }[],
    started: number,
  ): Promise<void> {
    const { connection, intake, observe } = this.#context;
    connection.write(join(answered.flatMap(({ answer }) => answer.pieces)));
    for (const { job } of answered) {
      intake.answered(job);
      job.body?.drop(() => undefined);
    }
    const isSent = await connection.drained().then(
      () => true,
      () => false,
    );
    for (const { job, answer } of answered) {
      if (isSent || job.body !== undefined) {
        observe(transferred(connection.remote, answer.moved, started));
      } else this.#observeFailure(job, aborted("The connection was lost"));
    }
  }

  /** Carries out a request, and answers it when its turn comes. */
  async #carryOut(job: Job, turn: Turn, isPaid = false): Promise<void> {
    turn.whenNow(() => this.#context.keepAlive.begin());
    const reply = await this.#answer(job, turn, isPaid);
    await turn.come;
    this.#context.connection.write(reply);
    this.#context.keepAlive.end();
    this.#context.intake.answered(job);
    this.#context.onAnswered(job);
    job.body?.drop(() => {
      const { connection } = this.#context;
      const why = "Too much followed an upload that had failed";
      connection.write(formatFailure({ code: 421, word: "closing" }, why));
      void connection.finish();
    });
    // Who does not read replies is given no more of them. A loss is told by the intake.
    await this.#context.connection.drained().catch(() => undefined);
  }

  async #answer(job: Job, turn: Turn, isPaid: boolean): Promise<string> {
    const { asked } = job;
    try {
      if (asked.type === "violation") {
        throw new RequestFailed({ code: 500, word: "syntax" }, asked.message);
      }
      const { verb } = asked.type === "rejected" ? asked.rejection : asked.request;
      authorise(verb, this.#context.admitted()?.rights);
      if (asked.type === "rejected") throw RequestFailed.fromRejection(asked.rejection);
      const exchange = exchangeFor(this.#context, job, turn, isPaid);
      exchange.progress(0);
      const done = await handle(asked.request, exchange);
      return formatSuccess(done.code, done.fields);
    } catch (error) {
      const failed = toFailure(error);
      const isTold = error instanceof StorageError;
      if (failed.failure.code === 451 && !isTold) this.#context.onInternalError(error);
      this.#observeFailure(job, failed);
      return formatFailure(failed.failure, failed.message);
    }
  }

  #observeFailure({ asked }: Job, failed: RequestFailed): void {
    if (asked.type !== "request" || !isLogged(asked.request.verb, failed.failure)) return;
    this.#context.observe({
      event: "failed",
      client: this.#context.connection.remote,
      verb: asked.request.verb,
      path: asked.request.path.join("/"),
      ...failed.failure,
      message: failed.logged,
    });
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + size, 0);
}
