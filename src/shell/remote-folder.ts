import { Refused } from "../client/errors.ts";
import type { Session } from "../client/session.ts";
import type { Path } from "../storage/errors.ts";

/** Whether a path names a folder of the server. */
export async function isRemoteFolder(session: Session, path: Path): Promise<boolean> {
  try {
    const reply = await session.request("STAT", path, {}).success();
    return reply.fields.get("type") === "folder";
  } catch (error) {
    // Whatever else is wrong with the name, what is done with it tells better.
    if (error instanceof Refused && error.code !== 421) return false;
    throw error;
  }
}
