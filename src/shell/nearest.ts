/** The candidate that is most like what was typed, where one is like enough to be meant. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const beginning = typed.length < 2 ? undefined : beginningWith(typed, candidates);
  if (beginning !== undefined) return beginning;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of candidates) {
    const [one, other] = [typed.toLowerCase(), candidate.toLowerCase()];
    // Of two that are as near, the first letter is the one that is rarely wrong.
    const distance = editDistance(one, other) + (one[0] === other[0] ? 0 : 0.5);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The one candidate that begins so, where there is only one. */
function beginningWith(typed: string, candidates: readonly string[]): string | undefined {
  const found = candidates.filter((name) => name.toLowerCase().startsWith(typed.toLowerCase()));
  return found.length === 1 ? found[0] : undefined;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
