const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Has something called when a signal is aborted. A signal by itself takes longer to add and remove
 * a listener than a small file takes, where hundreds have theirs.
 * @returns what takes it back
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = waiting.get(signal) ?? listen(signal);
  calls.add(call);
  return () => void calls.delete(call);
}

function listen(signal: AbortSignal): Set<() => void> {
  const calls = new Set<() => void>();
  waiting.set(signal, calls);
  signal.addEventListener("abort", () => {
    for (const call of calls) call();
  });
  return calls;
}
