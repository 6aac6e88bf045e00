import { formatFailure, formatSuccess } from "../protocol/reply.ts";
import { StorageError } from "../storage/errors.ts";
import { join } from "../transport/join.ts";
import { RequestFailed, toFailure } from "./failures.ts";
import type { Job } from "./job.ts";
import { exchangeFor, mindJob, type CarrierContext } from "./job-exchange.ts";
import { Turn, type Lanes } from "./lanes.ts";
import type { Rate } from "./rates.ts";
import type { Right } from "./rights.ts";
import { gather, type Group } from "./together.ts";
import { authorise, handle, isLogged } from "./verbs.ts";
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
    const group = gather(job, (wanted) =>
      intake.nextIf((next) => lanes.hasRoom(next) && wanted(next)),
    );
    return { ...group, asker };
  }

  /** Carries out requests, and answers them when their turn comes. */
  async carryOut({ jobs, carryOut, bodies, asker }: Gathered, turn: Turn): Promise<void> {
    if (carryOut === undefined || asker === undefined) {
      for (const job of jobs) await this.#carryOut(job, turn);
      return;
    }
    const { keepAlive, admitted } = this.#context;
    const rate = admitted()?.rate;
    turn.whenNow(() => keepAlive.begin());
    // Uploads pass the rate before they are stored, what is sent before it is. What would have to
    // wait for that waits for its turn first: so each connection waits for one portion at a time.
    const isPaid = rate === undefined || (bodies !== undefined && rate.takeNow(sum(bodies)));
    const done = isPaid || bodies === undefined ? await carryOut(asker) : undefined;
    await turn.come;
    if (isPaid) await this.#answerAll(jobs, done ?? [], true);
    else {
      const sizes = bodies ?? done?.map((answer) => answer?.event.bytes ?? 0) ?? [];
      await this.#answerByRate(
        jobs,
        sizes,
        rate,
        async (from, to) => done?.slice(from, to) ?? carryOut(asker, from, to),
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
    const isPut = asked.type === "request" && asked.request.verb === "PUT";
    const way = isPut ? storage?.storeSmall : storage?.readSmall;
    if (storage === undefined || way === undefined) return undefined;
    const wanted: readonly Right[] = isPut ? ["add", "replace"] : ["read"];
    if (rights === undefined || wanted.some((right) => rights.withholderOf(right))) {
      return undefined;
    }
    return { storage, client: this.#context.connection.remote };
  }

  /**
   * Answers what is carried out together, in portions that the client's rate lets pass.
   * @param sizes bytes of each
   * @param answer gives the answers from one place to another, once those may pass
   */
  async #answerByRate(
    jobs: readonly Job[],
    sizes: readonly number[],
    rate: Rate,
    answer: (from: number, to: number) => Promise<readonly (Answer | undefined)[]>,
  ): Promise<void> {
    for (let from = 0, to = 0; from < jobs.length; from = to) {
      // What was carried out by itself has ended it.
      this.#context.keepAlive.begin();
      to = rate.portion(sizes, from);
      const some = jobs.slice(from, to);
      const isPaid = await this.#pass(some, sum(sizes.slice(from, to)), rate);
      await this.#answerAll(some, isPaid ? await answer(from, to) : [], isPaid);
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
    isPaid: boolean,
  ): Promise<void> {
    let pieces: (string | Uint8Array)[] = [];
    const send = (): void => {
      if (pieces.length > 0) this.#context.connection.write(join(pieces));
      pieces = [];
    };
    for (const [index, job] of jobs.entries()) {
      const answer = answers[index];
      if (answer === undefined || (job.cancelled && job.body === undefined)) {
        send();
        await this.#carryOut(job, Turn.now(), isPaid);
        continue;
      }
      pieces.push(...answer.pieces);
      this.#context.observe(answer.event);
      this.#context.intake.answered(job);
      job.body?.drop(() => undefined);
    }
    send();
    await this.#context.connection.drained().catch(() => undefined);
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
