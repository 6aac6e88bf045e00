/** So many items are taken ahead: of a listing, some thousand entries each at the most. */
const MOST_AHEAD = 8;

/**
 * Asks for the first of some items, and awaits something else while those are on their way. Where the
 * other fails, the items end.
 * @param begin gives the items, which are given up when the signal is aborted: who asks them to end
 * waits for the first
 * @returns what the other came to, and all of the items, to be gone through to their end
 */
export async function meanwhile<T, R>(
  begin: (signal: AbortSignal) => AsyncGenerator<T>,
  other: () => Promise<R>,
): Promise<readonly [R, AsyncIterable<T>]> {
  const waiting = new AbortController();
  const items = begin(waiting.signal);
  const taken: Promise<IteratorResult<T, unknown>>[] = [];
  const over = new AbortController();
  const take = async (): Promise<void> => {
    while (!over.signal.aborted && taken.length < MOST_AHEAD) {
      const next = items.next();
      taken.push(next);
      if ((await next).done === true) return;
    }
  };
  // Told to whoever asks for it.
  take().catch(() => undefined);
  try {
    return [await other(), behind(taken, items)];
  } catch (error) {
    waiting.abort();
    await items.return(undefined);
    throw error;
  } finally {
    over.abort();
  }
}

async function* behind<T>(
  taken: readonly Promise<IteratorResult<T, unknown>>[],
  items: AsyncGenerator<T>,
): AsyncGenerator<T> {
  try {
    for (const one of taken) {
      const next = await one;
      if (next.done === true) return;
      yield next.value;
    }
    yield* items;
  } finally {
    await items.return(undefined);
  }
}
