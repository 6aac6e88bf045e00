import type { Path } from "../../storage/errors.ts";

/** So many entries are put in order at the most: what a longer listing holds is no reason to keep it. */
const MOST = 20_000;

/**
 * A listing in the order of names, folders right before what they hold. Behind so many entries it goes
 * on as it comes.
 */
export async function* byName<T extends { readonly path: Path }>(
  listing: AsyncIterable<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  let held: T[] | undefined = [];
  let ended: { readonly error: unknown } | undefined;
  try {
    for await (const some of listing) {
      if (held === undefined) {
        yield some;
        continue;
      }
      held.push(...some);
      if (held.length < MOST) continue;
      const all = held;
      held = undefined;
      yield all.toSorted(compare);
    }
  } catch (error) {
    ended = { error };
  }
  // Where it ends with an error, what came before is still of use.
  if (held !== undefined && held.length > 0) yield held.toSorted(compare);
  if (ended !== undefined) throw ended.error;
}

/** By character codes, part by part. */
function compare(
  { path: a }: { readonly path: Path },
  { path: b }: { readonly path: Path },
): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}
