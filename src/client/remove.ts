import type { Path } from "../protocol/path.ts";
import { Refused } from "./errors.ts";
import type { Session } from "./session.ts";

/**
 * Deletes a file or an empty folder of the server. It may have gone already: by a request whose
 * reply was lost with its connection, or by somebody else.
 * @throws {CommandFailed}
 */
export async function deleteThere(session: Session, path: Path): Promise<void> {
  try {
    await session.request("DELETE", path, {}).success();
  } catch (error) {
    if (error instanceof Refused && error.code === 550) return;
    throw error;
  }
}
