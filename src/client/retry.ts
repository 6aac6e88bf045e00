import { formatSeconds } from "../observe/units.ts";
import { Interrupted, isWorthRetrying, toCommandFailed } from "./errors.ts";
import { Session, type SessionOptions } from "./session.ts";

/** How to go on when the connection drops. */
export interface RetryPolicy {
  /** How often in a row to try again without a byte in between. */
  readonly retries: number;
  readonly session: SessionOptions;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Told what happened and what is done about it. */
  readonly say: (message: string) => void;
  /** Given each new connection, which takes the place of the one before. */
  readonly onReconnected: (session: Session) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Does something with a connection, and again with a new one when that drops.
 * @param attempt is told how to report that it made progress, which starts the count again
 * @throws what `attempt` throws, where trying again is of no use or was to no avail
 */
export async function withRetries<T>(
  first: Session,
  policy: RetryPolicy,
  attempt: (session: Session, progressed: () => void) => Promise<T>,
): Promise<T> {
  let session = first;
  let tries = 0;
  const progressed = (): void => {
    tries = 0;
  };
  for (;;) {
    let failure: unknown;
    try {
      return await attempt(session, progressed);
    } catch (error) {
      failure = error;
    }
    for (;;) {
      if (!isWorthRetrying(failure) || tries >= policy.retries) throw failure;
      tries++;
      await pause(tries, failure, policy);
      try {
        if (session.lost === undefined) await session.destroy();
        session = await reopen(session, policy);
        break;
      } catch (error) {
        failure = error;
      }
    }
    policy.onReconnected(session);
  }
}

/** Connects again, for as long as the user wants to wait for that. */
async function reopen({ target }: Session, policy: RetryPolicy): Promise<Session> {
  const { signal } = policy;
  const opening = Session.open(target, policy.session);
  const interrupted = Promise.withResolvers<never>();
  const interrupt = (): void => interrupted.reject(new Interrupted());
  signal.addEventListener("abort", interrupt);
  try {
    return await Promise.race([opening, interrupted.promise]);
  } catch (error) {
    // One that comes about all the same is of use to nobody.
    opening.then((session) => session.destroy()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

/** Waits before the next try: twice as long each time, and not quite as long for everybody. */
async function pause(tries: number, failure: unknown, policy: RetryPolicy): Promise<void> {
  const { signal, say, retries } = policy;
  if (signal.aborted) throw new Interrupted();
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  const ms = longest * (0.75 + Math.random() / 4);
  const why = toCommandFailed(failure)?.message ?? String(failure);
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
