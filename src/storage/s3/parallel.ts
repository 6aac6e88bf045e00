/** Works on items, so many at the same time. Where one fails no more are begun. */
export async function inParallel<T>(
  many: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true && !failed; next = left.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: many }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
