import { without } from "../faults/faults.ts";
import type { Connection } from "../transport/connection.ts";
import type { Intake } from "./intake.ts";

/** How long a client may keep the server waiting. */
export interface Deadlines {
  /** Between two requests, in milliseconds. */
  readonly idle: number;
  /**
   * For a line that was begun, for silence inside a body, and over how long a rate is measured, in
   * milliseconds.
   */
  readonly line: number;
  /** In the middle of a block, and when it reads what is sent: bytes a second. */
  readonly minRate: number;
}

/** What the server waits for a client to do. */
type Awaited = "request" | "line" | "body" | "block" | "reading";

/**
 * Watches that a client does what is waited for. Time counts only while the client is the one that
 * is awaited, and on a clock that nobody sets.
 */
export class Watch {
  readonly #connection: Connection;
  readonly #intake: Intake;
  readonly #deadlines: Deadlines;
  #awaited = "";
  #since = 0;
  #bytes = 0;

  constructor(connection: Connection, intake: Intake, deadlines: Deadlines) {
    this.#connection = connection;
    this.#intake = intake;
    this.#deadlines = deadlines;
  }

  /**
   * To be called about once a second.
   * @param now of `performance.now()`
   * @returns why the client has kept the server waiting for too long, if it has
   */
  check(now: number): string | undefined {
    if (globalThis.FAULT_LAB && without("deadline")) return undefined;
    const awaited = this.#whatIsAwaited();
    const { received, sent } = this.#connection;
    const bytes = awaited === "reading" ? sent : received;
    // What arrived whole begins a new wait; what drips in, or is sent instead of reading, does not.
    const wait = awaited === "reading" ? awaited : `${awaited} ${this.#intake.events}`;
    if (wait !== this.#awaited) {
      this.#awaited = wait;
      this.#since = now;
      this.#bytes = bytes;
    }
    const waited = now - this.#since;
    switch (awaited) {
      case undefined:
        return undefined;
      case "request":
        return waited < this.#deadlines.idle ? undefined : `No request for ${seconds(waited)}`;
      case "line":
        return waited < this.#deadlines.line
          ? undefined
          : `A line was not ended within ${seconds(waited)}`;
      case "body":
        return waited < this.#deadlines.line
          ? undefined
          : `Nothing of an upload came for ${seconds(waited)}`;
      case "block":
      case "reading": {
        if (waited < this.#deadlines.line) return undefined;
        const rate = ((bytes - this.#bytes) / waited) * 1000;
        this.#since = now;
        this.#bytes = bytes;
        if (rate >= this.#deadlines.minRate) return undefined;
        const doing = awaited === "block" ? "sends" : "reads";
        return `The client ${doing} less than ${this.#deadlines.minRate} bytes a second`;
      }
    }
  }

  #whatIsAwaited(): Awaited | undefined {
    if (this.#connection.isFull) return "reading";
    if (!this.#connection.isAwaited) return undefined;
    const midway = this.#intake.midway;
    if (midway !== undefined) return midway;
    if (this.#intake.inBody) return "body";
    return this.#intake.outstanding === 0 ? "request" : undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
