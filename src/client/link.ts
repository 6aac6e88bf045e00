import { formatSeconds } from "../observe/units.ts";
import {
  Interrupted,
  isCancelled,
  isWorthRetrying,
  SessionLost,
  toCommandFailed,
} from "./errors.ts";
import { openSession, type OpeningOptions } from "./opening.ts";
import type { Session } from "./session.ts";

/** How to go on when the connection drops. */
export interface RetryPolicy {
  /** How often in a row to try again without a byte in between. */
  readonly retries: number;
  readonly session: OpeningOptions;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Told what happened and what is done about it. */
  readonly say: (message: string) => void;
  /** Told how long it is waited before the next try, in milliseconds. */
  readonly onPause: (ms: number) => void;
  /** Given each new connection, which takes the place of the one before. */
  readonly onReconnected: (session: Session) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Something that is done over the connection of the moment. */
export interface Attempt {
  readonly session: Session;
  /** How often the server was asked to cancel before it began. */
  readonly aborts: number;
}

/** A connection that is made again when it drops, for everything that is done over it at once. */
export class Link {
  readonly #policy: RetryPolicy;
  #session: Session;
  #tries = 0;
  #replacing: Promise<void> | undefined;

  constructor(first: Session, policy: RetryPolicy) {
    this.#session = first;
    this.#policy = policy;
  }

  /** The connection of the moment. */
  get session(): Session {
    return this.#session;
  }

  /** Begins something over the connection of the moment: see `recover`. */
  begin(): Attempt {
    const session = this.#session;
    return { session, aborts: session.aborts };
  }

  /** Says that a byte came through, which starts the count of tries again. */
  progressed(): void {
    this.#tries = 0;
  }

  /**
   * Does something over the connection, and again over a new one when that drops.
   * @throws what `attempt` throws, where trying again is of no use or was to no avail
   */
  async run<T>(attempt: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      const begun = this.begin();
      const { received } = begun.session;
      try {
        const result = await attempt(begun.session);
        // What needed nothing of the server says nothing of it.
        if (begun.session.received > received) this.progressed();
        return result;
      } catch (error) {
        await this.recover(begun, error);
      }
    }
  }

  /**
   * Sees to what is needed before the same can be tried again: nothing where it was cancelled only
   * together with something else, and a new connection where the error says that the one it came
   * from has dropped.
   * @throws the error, where trying again is of no use, or that of the last try
   */
  async recover({ session, aborts }: Attempt, error: unknown): Promise<void> {
    if (this.#isBystander(error, session, aborts)) return;
    const why = error instanceof SessionLost ? (session.farewell ?? error) : error;
    if (!isWorthRetrying(why)) throw why;
    // Whoever comes upon the same loss waits for the same new connection.
    if (session === this.#session) await (this.#replacing ??= this.#replace(why));
  }

  /** An ABORT cancels all that runs: whoever it was not meant for tries again at once. */
  #isBystander(error: unknown, session: Session, aborts: number): boolean {
    return isCancelled(error) && session.aborts > aborts && !this.#policy.signal.aborted;
  }

  async #replace(first: unknown): Promise<void> {
    const { retries, onReconnected } = this.#policy;
    let failure = first;
    try {
      for (;;) {
        if (!isWorthRetrying(failure) || this.#tries >= retries) throw failure;
        this.#tries++;
        await pause(this.#tries, failure, this.#policy);
        try {
          if (this.#session.lost === undefined) await this.#session.destroy();
          const { session: options, signal } = this.#policy;
          this.#session = await openSession(this.#session.target, options, signal);
          break;
        } catch (error) {
          failure = error;
        }
      }
    } finally {
      this.#replacing = undefined;
    }
    onReconnected(this.#session);
  }
}

/** Waits before the next try: twice as long each time, and not quite as long for everybody. */
async function pause(tries: number, failure: unknown, policy: RetryPolicy): Promise<void> {
  const { signal, say, retries } = policy;
  if (signal.aborted) throw new Interrupted();
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  const ms = longest * (0.75 + Math.random() / 4);
  const why = toCommandFailed(failure)?.message ?? String(failure);
  policy.onPause(ms);
  say(`${why}: trying again in ${formatSeconds(ms / 1000)} (${tries} of ${retries})`);
  await new Promise<void>((resolve, reject) => {
    const interrupted = (): void => {
      clearTimeout(timer);
      reject(new Interrupted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", interrupted);
      resolve();
    }, ms);
    signal.addEventListener("abort", interrupted, { once: true });
  });
}
