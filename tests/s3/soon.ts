/** How often something is looked at that nobody tells of, in milliseconds. */
const PAUSE_MS = 50;

/** Waits until something is so; only a hang takes longer than the test may. */
export async function soon(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
