import type { Path } from "../protocol/path.ts";
import type { Request, Verb } from "../protocol/request.ts";
import { Interrupted, Refused } from "./errors.ts";
import type { Exchange, Success } from "./exchange.ts";
import type { Session } from "./session.ts";

/** What is asked and answered with one line. */
type ShortVerb = Exclude<Verb, "GET" | "PUT" | "LIST" | "ABORT" | "QUIT">;

/** Requests that are under way at once. */
const WINDOW = 128;

/**
 * Asks the server something that it answers with one line.
 * @param signal cancels it
 * @throws {CommandFailed}
 */
export async function ask<V extends ShortVerb>(
  session: Session,
  verb: V,
  path: Path,
  keys: Request<V>["keys"],
  signal: AbortSignal,
): Promise<Success> {
  if (signal.aborted) throw new Interrupted();
  const exchange = session.request(verb, path, keys);
  const cancel = (): void => exchange.startCancel();
  signal.addEventListener("abort", cancel);
  try {
    return await exchange.success();
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await exchange.cancel();
  }
}

/**
 * Deletes one after the other, without waiting for each reply before the next request.
 * @param signal ends it
 * @param onReply told what became of each, by its place in `paths`; what it throws ends it all
 * @throws {CommandFailed} where the connection is lost or the user interrupts
 */
export async function deleteEach(
  session: Session,
  paths: readonly Path[],
  signal: AbortSignal,
  onReply: (index: number, error: unknown) => void,
): Promise<void> {
  const pending: Exchange[] = [];
  let settled = 0;
  let last: Exchange | undefined;
  // What is cancelled are all requests that were sent, this one and those before it.
  const cancel = (): void => last?.startCancel();
  const settleOne = async (): Promise<void> => {
    const reply = await pending.shift()?.reply();
    const index = settled++;
    if (reply === undefined) return;
    if (reply.ok) onReply(index, undefined);
    else if (!signal.aborted) onReply(index, new Refused(reply.code, reply.word, reply.message));
  };
  signal.addEventListener("abort", cancel);
  try {
    for (const path of paths) {
      if (signal.aborted) break;
      last = session.request("DELETE", path, {});
      pending.push(last);
      if (pending.length >= WINDOW) await settleOne();
    }
    while (pending.length > 0) await settleOne();
  } finally {
    signal.removeEventListener("abort", cancel);
    if (session.lost === undefined) {
      // Replies come in order: whoever asks next waits for these.
      while (pending.length > 0) await pending.shift()?.reply();
      if (signal.aborted) await last?.cancel();
    }
  }
  if (signal.aborted) throw new Interrupted();
}
