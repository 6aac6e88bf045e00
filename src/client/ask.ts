import type { Path } from "../protocol/path.ts";
import type { Request, Verb } from "../protocol/request.ts";
import { Interrupted } from "./errors.ts";
import type { Success } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";

/** What is asked and answered with one line. */
type ShortVerb = Exclude<Verb, "GET" | "PUT" | "LIST" | "ABORT" | "QUIT">;

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
  const forget = onAbort(signal, () => exchange.startCancel());
  try {
    return await exchange.success();
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    forget();
    await exchange.cancel();
  }
}
