/**
 * Asks for the first of some items, and awaits something else while that is on its way. Where the
 * other fails, the items end.
 * @returns what the other came to, and all of the items, to be gone through to their end
 */
export async function meanwhile<T, R>(
  items: AsyncGenerator<T>,
  other: () => Promise<R>,
): Promise<readonly [R, AsyncIterable<T>]> {
  const first = items.next();
  // Told to whoever asks for it.
  first.catch(() => undefined);
  try {
    return [await other(), behind(first, items)];
  } catch (error) {
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
