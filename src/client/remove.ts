import type { Path } from "../protocol/path.ts";
import { ask } from "./ask.ts";
import { Refused } from "./errors.ts";
import type { Session } from "./session.ts";

/**
 * Deletes a file or an empty folder of the server. It may have gone already: by a request whose
 * reply was lost with its connection, or by somebody else.
 * @param signal cancels it
 * @throws {CommandFailed}
 */
export async function deleteThere(
  session: Session,
  path: Path,
  signal: AbortSignal,
): Promise<void> {
  try {
    await ask(session, "DELETE", path, {}, signal);
  } catch (error) {
    if (error instanceof Refused && error.code === 550) return;
    throw error;
  }
}
