import type { Target } from "./address.ts";
import { CommandFailed, Interrupted, type SessionLost } from "./errors.ts";
import { closingAt, reach, type Reached } from "./reach.ts";
import { Session } from "./session.ts";
import { Status } from "./status.ts";
import type { Trust } from "./trust.ts";

export interface OpeningOptions {
  /** How long a server may be silent while it is awaited, in milliseconds. */
  readonly timeout: number;
  readonly trust: Trust;
  /** Told when the server goes while nothing is asked of it. */
  readonly onLost?: (lost: SessionLost) => void;
}

/**
 * Connects, waits for the greeting, and logs in where the server is not on loopback.
 * @param signal aborted when the user interrupts: what is connected by then is closed
 * @throws {CommandFailed} status 3, saying who did not answer or what did; status 4, where it is not
 * trusted, or does not trust us
 * @throws {Interrupted}
 */
export async function openSession(
  target: Target,
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<Session> {
  if (signal.aborted) throw new Interrupted();
  const opening = open(target, options, signal);
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

async function open(
  target: Target,
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { trust, timeout, onLost } = options;
  const reached = await reach(target, { ...options, signal });
  const session = new Session(reached, timeout);
  try {
    await closingAt(signal, reached.connection, () => begin(session, reached, trust));
  } catch (error) {
    if (error instanceof CommandFailed && error.status === Status.trust) {
      trust.forgetSecret(target);
    }
    reached.connection.destroy("not logged in");
    await session.destroy();
    throw error;
  }
  void session.noticeEnd(onLost);
  return session;
}

async function begin(session: Session, reached: Reached, trust: Trust): Promise<void> {
  const { greeting, login, learnt } = reached;
  if (greeting.asked) await session.owed().reply();
  if (login === undefined) return;
  // Most of what a start loads costs time in proportion to its size, so a plain one goes without.
  const { logIn } = await import("./login.ts");
  session.loggedIn(await logIn(session, login));
  if (learnt !== undefined) await trust.remember(session.target, learnt);
}
