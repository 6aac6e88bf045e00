import { KEEPALIVE_MS } from "../protocol/limits.ts";
import { formatSuccess } from "../protocol/reply.ts";
import type { Connection } from "../transport/connection.ts";

/** A client that does not read is looked at this often at the most, in milliseconds. */
const LEAST_PAUSE_MS = 1000;
/** So often it is told how far an upload is, where it goes on, in milliseconds. */
const TELL_MS = 250;

/** Tells a client that waits for a reply that the server still works on it. */
export class KeepAlive {
  readonly #connection: Connection;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: "idle" | "working" | "body" = "idle";
  /** What has come beside what is done, of a request whose progress is told. */
  #more: (() => number) | undefined;
  #told = 0;
  #lastSent = 0;
  /** How far the work is: what `110` tells. */
  done = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A request is begun. */
  begin(): void {
    this.#state = "working";
    this.done = 0;
    this.#more = undefined;
    this.#told = 0;
    this.sent();
    if (this.#timer === undefined) this.#timer = this.#schedule(KEEPALIVE_MS);
  }

  /** Its body is begun: from here on `~` says what `110` said before. */
  bodyBegan(): void {
    this.#state = "body";
    this.sent();
  }

  /**
   * The client wants to know how far it is: that is told as it grows.
   * @param more how much has come that is not done yet
   */
  tellMore(more: () => number): void {
    this.#more = more;
    clearTimeout(this.#timer);
    this.#timer = this.#schedule(TELL_MS);
  }

  /** Something was sent. */
  sent(): void {
    this.#lastSent = performance.now();
  }

  /** The request is answered. */
  end(): void {
    this.#state = "idle";
    this.#more = undefined;
  }

  #schedule(ms: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.#tick(), ms);
    timer.unref();
    return timer;
  }

  #tick(): void {
    this.#timer = undefined;
    if (this.#state === "idle" || this.#connection.isLost) return;
    const silent = performance.now() - this.#lastSent;
    const done = Math.max(this.#told, this.done + (this.#more?.() ?? 0));
    const hasGrown = this.#more !== undefined && done > this.#told;
    // A client that does not read what there is needs no more of it.
    if ((hasGrown || silent >= KEEPALIVE_MS) && this.#connection.queued === 0) {
      this.#connection.write(this.#state === "body" ? "~\n" : formatSuccess(110, { done }));
      this.#told = done;
      this.sent();
    }
    if (this.#more !== undefined) {
      this.#timer = this.#schedule(TELL_MS);
      return;
    }
    const left = KEEPALIVE_MS - (performance.now() - this.#lastSent);
    this.#timer = this.#schedule(Math.max(LEAST_PAUSE_MS, left));
  }
}
