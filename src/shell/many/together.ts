import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";

/** Things that are done at once at the most: what a server carries out as one. */
const MOST = 64;

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what is asked for one by one, and has it done many at a time. */
export class Together<T, R> {
  readonly #act: (items: readonly T[]) => Promise<readonly (R | undefined)[]>;
  #waiting: Waiting<T, R>[] = [];

  /** @param act does some of them, and gives what each comes to in their order */
  constructor(act: (items: readonly T[]) => Promise<readonly (R | undefined)[]>) {
    this.#act = act;
  }

  /** Has it done with what else is asked for in this turn of the event loop. */
  add(item: T): Promise<R | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => void this.#go());
      else if (this.#waiting.length === MOST) void this.#go();
    });
  }

  async #go(): Promise<void> {
    const some = this.#waiting;
    if (some.length === 0) return;
    this.#waiting = [];
    try {
      const results = await this.#act(some.map(({ item }) => item));
      for (const [index, { resolve }] of some.entries()) resolve(results[index]);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}

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
      for (const [index, item] of left.entries()) {
        const result = some[index];
        if (result !== undefined) results.set(item, result);
      }
      if (session.lost !== undefined && results.size < items.length) throw session.lost;
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
  return items.map((item) => results.get(item));
}
