/**
 * Asks for the first of some items, and awaits something else while that is on its way. Where the
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
  const first = items.next();
  // Told to whoever asks for it.
  first.catch(() => undefined);
  try {
    return [await other(), behind(first, items)];
  } catch (error) {
    waiting.abort();
    await items.return(undefined);
    throw error;
  }
}

async function* behind<T>(
  first: Promise<IteratorResult<T, unknown>>,
  items: AsyncGenerator<T>,
): AsyncGenerator<T> {
  try {
    for (let next = await first; next.done !== true; next = await items.next()) yield next.value;
  } finally {
    await items.return(undefined);
  }
}
