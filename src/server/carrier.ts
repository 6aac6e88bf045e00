import { formatFailure, formatSuccess } from "../protocol/reply.ts";
import { StorageError } from "../storage/errors.ts";
import { join } from "../transport/join.ts";
import { RequestFailed, toFailure } from "./failures.ts";
import type { Job } from "./job.ts";
import { exchangeFor, type CarrierContext } from "./job-exchange.ts";
import { Turn, type Lanes } from "./lanes.ts";
import type { Right } from "./rights.ts";
import { gather } from "./together.ts";
import { authorise, handle, isLogged } from "./verbs.ts";
import type { Answer, Asker } from "./verbs/small.ts";

/** Requests that are carried out as one. */
export interface Gathered {
  readonly jobs: readonly Job[];
  /** Carries them out together: see `Group`. Left out where each is by itself. */
  readonly together?: () => Promise<readonly (Answer | undefined)[]>;
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
    const { jobs, carryOut } = gather(job, (wanted) =>
      intake.nextIf((next) => lanes.hasRoom(next) && wanted(next)),
    );
    return carryOut === undefined ? { jobs } : { jobs, together: () => carryOut(asker) };
  }

  /** Carries out requests, and answers them when their turn comes. */
  async carryOut({ jobs, together }: Gathered, turn: Turn): Promise<void> {
    if (together === undefined) {
      for (const job of jobs) await this.#carryOut(job, turn);
      return;
    }
    const { keepAlive } = this.#context;
    turn.whenNow(() => keepAlive.begin());
    const answers = await together();
    await turn.come;
    await this.#answerAll(jobs, answers);
    keepAlive.end();
  }

  /**
   * For whom a small file is read or stored together with others: nobody whose rate has to be
   * minded, or to whom the storage has to be told what is not allowed.
   */
  #askerOf({ asked }: Job): Asker | undefined {
    const { storage, rate, rights } = this.#context.admitted() ?? {};
    const isPut = asked.type === "request" && asked.request.verb === "PUT";
    const way = isPut ? storage?.storeSmall : storage?.readSmall;
    if (storage === undefined || way === undefined || rate !== undefined) return undefined;
    const wanted: readonly Right[] = isPut ? ["add", "replace"] : ["read"];
    if (rights === undefined || wanted.some((right) => rights.withholderOf(right))) {
      return undefined;
    }
    return { storage, client: this.#context.connection.remote };
  }

  /** Answers what was carried out together, and carries out by itself what was not. */
  async #answerAll(jobs: readonly Job[], answers: readonly (Answer | undefined)[]): Promise<void> {
    let pieces: (string | Uint8Array)[] = [];
    const send = (): void => {
      if (pieces.length > 0) this.#context.connection.write(join(pieces));
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
      this.#context.observe(answer.event);
      this.#context.intake.answered(job);
      job.body?.drop(() => undefined);
    }
    send();
    await this.#context.connection.drained().catch(() => undefined);
  }

  /** Carries out a request, and answers it when its turn comes. */
  async #carryOut(job: Job, turn: Turn): Promise<void> {
    turn.whenNow(() => this.#context.keepAlive.begin());
    const reply = await this.#answer(job, turn);
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

  async #answer(job: Job, turn: Turn): Promise<string> {
    const { asked } = job;
    try {
      if (asked.type === "violation") {
        throw new RequestFailed({ code: 500, word: "syntax" }, asked.message);
      }
      const { verb } = asked.type === "rejected" ? asked.rejection : asked.request;
      authorise(verb, this.#context.admitted()?.rights);
      if (asked.type === "rejected") throw RequestFailed.fromRejection(asked.rejection);
      const exchange = exchangeFor(this.#context, job, turn);
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
    if (asked.type !== "request" || !isLogged(asked.request.verb)) return;
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
