import { Lease } from "../memory/lease.ts";
import { PIPELINE } from "../protocol/limits.ts";
import { RequestDecoder, type RequestEvent } from "../protocol/request-decoder.ts";
import { hasBody } from "../protocol/request.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { Channel } from "../transport/channel.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";
import { aborted, RequestFailed } from "./failures.ts";
import { Body, BODY_BYTES, requestsOf, type Job } from "./job.ts";
import { BoundedQueue, Room } from "./queue.ts";

/** So long is read of what one client has sent before others have their turn, in milliseconds, */
const STRETCH_MS = 4;
/** but so many requests at least: they are best carried out as one. */
const STRETCH_REQUESTS = 64;

/** Why nothing more comes from a client. */
export type IntakeEnd =
  | { readonly type: "quit" | "fin" }
  | { readonly type: "violation" | "lost"; readonly message: string }
  /** By a fault of this program. */
  | { readonly type: "failed"; readonly error: unknown };

/**
 * What a client asks for, read ahead of what is being carried out, so that it can cancel. Reads on
 * only while few enough requests, and bytes of a body, wait.
 */
export class Intake {
  readonly #decoder = new RequestDecoder(Lease.lend);
  readonly #channel: Channel<RequestEvent>;
  /** Both are so small that nothing is read ahead, until `admit`. */
  readonly #requests = new Room(1);
  readonly #bodies = new Room(1);
  readonly #jobs = new BoundedQueue<Job>(this.#requests);
  readonly #unanswered = new Set<Job>();
  #events = 0;
  #isForgotten = false;
  /** The body that is being read. */
  #open: Body | undefined;

  constructor(connection: Connection) {
    this.#channel = new Channel(connection, this.#decoder);
  }

  /** How many whole requests and pieces of bodies have come. */
  get events(): number {
    return this.#events;
  }

  /** What has come in part. */
  get midway(): "line" | "block" | undefined {
    return this.#decoder.midway;
  }

  /** Whether an upload has begun and not ended. */
  get inBody(): boolean {
    return this.#open !== undefined;
  }

  /** How much of a body has arrived of a block that is not whole yet, in bytes. */
  partOf(body: Body): number {
    return this.#open === body ? this.#decoder.partial : 0;
  }

  /** How many requests have not been answered. */
  get outstanding(): number {
    return this.#unanswered.size;
  }

  /** The client is one that may ask for things: they are read ahead. */
  admit(): void {
    this.#requests.resize(PIPELINE);
    this.#bodies.resize(BODY_BYTES);
  }

  /** The next thing to answer; `undefined` after the last. */
  next(): Promise<Job | undefined> {
    return this.#jobs.take();
  }

  /** The next thing to answer where it has come already, and is wanted. */
  nextIf(wanted: (job: Job) => boolean): Job | undefined {
    return this.#jobs.takeIf(wanted);
  }

  /** Says that a job has had its reply. */
  answered(job: Job): void {
    this.#unanswered.delete(job);
  }

  /** Nothing that waits is to be carried out any more. */
  stop(): void {
    this.#jobs.clear();
  }

  /** Nobody hears of anything any more: what waits is dropped, and so is what still comes. */
  forget(): void {
    this.stop();
    this.#isForgotten = true;
    for (const { body } of this.#unanswered) body?.fail(aborted("The connection was lost"));
  }

  /** Reads until nothing more comes. */
  async run(): Promise<IntakeEnd> {
    try {
      let since = performance.now();
      let requests = 0;
      for (;;) {
        // What has come is taken with few pauses: the more waits, the more is carried out as one.
        let event = this.#channel.readNow();
        const now = performance.now();
        if (event === undefined) {
          event = await this.#channel.read();
          // Who had to be waited for has given others their turn.
          if (performance.now() - now > STRETCH_MS) {
            since = performance.now();
            requests = 0;
          }
        } else if (
          requests >= STRETCH_REQUESTS &&
          now - since > STRETCH_MS &&
          this.#open === undefined
        ) {
          // Between two requests: an upload of which a part has come is carried out by itself.
          await new Promise((resolve) => setImmediate(resolve));
          since = performance.now();
          requests = 0;
        }
        if (event === undefined) return this.#end({ type: "fin" });
        this.#events++;
        if (event.type === "request") requests++;
        const room = this.#take(event);
        if (room !== undefined) await room;
        if (event.type === "request" && event.request.verb === "QUIT") {
          return this.#end({ type: "quit" });
        }
      }
    } catch (error) {
      return this.#end(endBy(error));
    }
  }

  /** Nothing more comes: says so to whoever waits for more. */
  async #end(end: IntakeEnd): Promise<IntakeEnd> {
    const inBody = this.#open;
    inBody?.cut(
      end.type === "violation"
        ? new RequestFailed({ code: 500, word: "syntax" }, end.message)
        : aborted("The connection ended in the middle of the file"),
    );
    if (end.type === "lost") this.#cancelAll();
    if (end.type === "violation") {
      await this.#add({ type: "violation", message: end.message, inBody }, undefined);
    }
    this.#jobs.close();
    return end;
  }

  /** @returns what settles when more may be read, where that has to be waited for */
  #take(event: RequestEvent): Promise<void> | undefined {
    if (event.type !== "request" && event.type !== "rejected") {
      const body = this.#open;
      if (event.type === "end" || event.type === "abort") this.#open = undefined;
      return body?.put(event);
    }
    const verb = event.type === "request" ? event.request.verb : event.rejection.verb;
    if (event.type === "request" && verb === "ABORT") this.#cancelAll();
    const body = hasBody(verb) ? new Body(this.#bodies) : undefined;
    return this.#add(event, body);
  }

  #add(asked: Job["asked"], body: Body | undefined): Promise<void> | undefined {
    const job: Job = { asked, body, cancelled: false };
    if (this.#isForgotten) body?.fail(aborted("The connection was lost"));
    if (body !== undefined) this.#open = body;
    this.#unanswered.add(job);
    return this.#jobs.put(job, requestsOf(job));
  }

  #cancelAll(): void {
    for (const job of this.#unanswered) {
      // One ABORT does not cancel another: each is owed its 225.
      const { asked } = job;
      job.cancelled = asked.type !== "request" || asked.request.verb !== "ABORT";
    }
  }
}

function endBy(error: unknown): IntakeEnd {
  if (error instanceof ProtocolViolation) return { type: "violation", message: error.message };
  if (error instanceof ConnectionLost) return { type: "lost", message: error.message };
  // Nobody awaits it while requests are carried out: what rejects would end the program.
  return { type: "failed", error };
}
