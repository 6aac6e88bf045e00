/** What does not change for this long has come to rest, in milliseconds. */
const REST_MS = 300;

/**
 * Waits until something has come to rest that tells of nothing: until two samples in a row are the
 * same. That something no longer happens can be seen only by looking again a little later.
 * @param hang when it is given up, in milliseconds
 */
export async function steady(sample: () => number, hang = 20_000): Promise<number> {
  const givenUp = performance.now() + hang;
  let before = sample();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const now = sample();
    if (now === before) return now;
    if (performance.now() > givenUp) throw new Error(`still not at rest after ${hang} ms`);
    before = now;
  }
}
