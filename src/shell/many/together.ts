import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";

/**
 * Does things together over a connection, and what is left of them over a new one when that drops.
 * @param act gives what each comes to, in their order; where that fails, `undefined`
 * @returns the same: whoever is asked for each by itself finds out why
 */
export async function actOver<T, R>(
  link: Link,
  items: readonly T[],
  act: (session: Session, items: readonly T[]) => Promise<readonly (R | undefined)[]>,
): Promise<readonly (R | undefined)[]> {
  const results = new Map<T, R>();
  try {
    await link.run(async (session) => {
      const left = items.filter((item) => !results.has(item));
      const some = await act(session, left);
      let any = false;
      for (const [index, item] of left.entries()) {
        const result = some[index];
        if (result === undefined) continue;
        results.set(item, result);
        any = true;
      }
      if (any) link.progressed();
      if (session.lost !== undefined && results.size < items.length) throw session.lost;
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
  return items.map((item) => results.get(item));
}
