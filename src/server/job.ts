import { MAX_DROP_MS, MAX_DROPPED } from "../protocol/limits.ts";
import type { RequestEvent } from "../protocol/request-decoder.ts";
import type { Path } from "../protocol/path.ts";
import type { AnyRequest, Rejection, Request } from "../protocol/request.ts";
import type { RequestFailed } from "./failures.ts";
import { BoundedQueue, type Room } from "./queue.ts";

/** What a body consists of. */
export type BodyEvent = Exclude<RequestEvent, { type: "request" | "rejected" }>;

/** A body that is at most one block. */
export interface SmallBody {
  readonly block: Extract<BodyEvent, { type: "block" }> | undefined;
  /** Of the file, where the client has named it. */
  readonly digest: bigint | undefined;
}

/** Bytes of an upload that may wait for the storage. */
export const BODY_BYTES = 1024 * 1024;
/** What an event without content weighs in the queue, in bytes. */
const EVENT_BYTES = 64;

/** The body of an upload on its way from the connection to the storage. */
export class Body {
  readonly #events: BoundedQueue<BodyEvent>;
  #ended = false;
  #isCut = false;
  #cause: RequestFailed | undefined;
  #causeTold = false;
  #dropped:
    { bytes: number; timer: ReturnType<typeof setTimeout>; tooMuch: () => void } | undefined;

  /** @param room shared by all bodies of a connection */
  constructor(room: Room) {
    this.#events = new BoundedQueue(room);
  }

  /** Whether its last line was read from the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the reply to the upload itself tells why the body was cut. */
  get causeTold(): boolean {
    return this.#causeTold;
  }

  /** Adds what was read. Settles when more may be read. */
  put(event: BodyEvent): Promise<void> | undefined {
    if (event.type === "end" || event.type === "abort") {
      this.#ended = true;
      clearTimeout(this.#dropped?.timer);
    }
    const weight = event.type === "block" ? event.data.length : EVENT_BYTES;
    if (this.#dropped === undefined) return this.#events.put(event, weight);
    if (event.type === "block") event.release?.();
    this.#dropped.bytes += weight;
    if (this.#dropped.bytes > MAX_DROPPED && !this.#ended) this.#dropped.tooMuch();
    return undefined;
  }

  /**
   * What comes next.
   * @throws {RequestFailed} where the body was cut before its end
   */
  async next(): Promise<BodyEvent> {
    const event = await this.#events.take();
    if (event !== undefined) return event;
    if (this.#cause === undefined) throw new Error("a body was read beyond its end");
    this.#causeTold = true;
    throw this.#cause;
  }

  /**
   * All of a body that has come whole, is at most one block, and ends as it should; it is left as it
   * is for `next`.
   */
  get small(): SmallBody | undefined {
    if (!this.#ended || this.#cause !== undefined) return undefined;
    const events = this.#events.waiting();
    const [first, second] = events;
    const block = first?.type === "block" ? first : undefined;
    const end = block === undefined ? first : second;
    const isAll = events.length === (block === undefined ? 1 : 2);
    if (!isAll || end?.type !== "end" || end.rejection !== undefined) return undefined;
    return { block, digest: end.digest };
  }

  /** Nothing more of it can come, for this cause. */
  cut(cause: RequestFailed): void {
    this.#cause ??= cause;
    this.#isCut = true;
    this.#events.close();
    clearTimeout(this.#dropped?.timer);
  }

  /** Whoever reads it gets this error at once; what still comes must be dropped. */
  fail(cause: RequestFailed): void {
    this.#cause ??= cause;
    this.#events.clear();
  }

  /**
   * Nobody wants it any more: what is there and what still comes is thrown away.
   * @param tooMuch called when more comes, or for longer, than is put up with
   */
  drop(tooMuch: () => void): void {
    this.#events.clear();
    if (this.#ended || this.#isCut) return;
    this.#dropped = { bytes: 0, timer: setTimeout(tooMuch, MAX_DROP_MS), tooMuch };
  }
}

/** Something that a client sent and that is owed one reply. */
export interface Job {
  readonly asked:
    | { readonly type: "request"; readonly request: AnyRequest }
    | { readonly type: "rejected"; readonly rejection: Rejection }
    /** The protocol was broken, perhaps in a body; nothing comes behind it. */
    | { readonly type: "violation"; readonly message: string; readonly inBody: Body | undefined };
  /** Of what has one alone. */
  readonly body: Body | undefined;
  cancelled: boolean;
}

/** The paths of the files that a pack is of. */
export function pathsOf({ path, keys }: Request<"PACK" | "UNPACK">): Path[] {
  return keys.names.map((name) => [...path, name]);
}

/** As how many requests one counts of those that a client may have outstanding. */
export function requestsOf({ asked }: Job): number {
  if (asked.type !== "request") return 1;
  const { verb, keys } = asked.request;
  return verb === "PACK" || verb === "UNPACK" ? keys.names.length : 1;
}

/** Parts of a path that count as one request more: each is a folder to go down to. */
const PARTS = 32;

/** As how many requests one counts where they are carried out together, or wait for one thread. */
export function weightOf(job: Job): number {
  const { asked } = job;
  const depth = asked.type === "request" ? Math.ceil(asked.request.path.length / PARTS) : 1;
  return Math.max(depth, requestsOf(job));
}
