import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import { endsAll } from "../failure.ts";

/**
 * Does things together over a connection, and what is left of them over a new one when that drops.
 * @param act says of each that it is done with it, as soon as it is
 * @returns what is left: whoever is asked for each by itself finds out why
 * @throws {CommandFailed} where there is no connection any more, or the user interrupts
 */
export async function actOver<T>(
  link: Link,
  items: readonly T[],
  act: (session: Session, items: readonly T[], isDone: (item: T) => void) => Promise<void>,
): Promise<readonly T[]> {
  const left = new Set(items);
  const isDone = (item: T): void => {
    left.delete(item);
    link.progressed();
  };
  try {
    await link.run(async (session) => {
      await act(session, [...left], isDone);
      if (session.lost !== undefined && left.size > 0) throw session.lost;
    });
  } catch (error) {
    if (!(error instanceof CommandFailed) || endsAll(error)) throw error;
  }
  return [...left];
}
