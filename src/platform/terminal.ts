import { fstatSync, statSync } from "node:fs";
import { devNull } from "node:os";

/** Standard input, standard output and standard error, as the system numbers them. */
export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

/** A descriptor that every program begins with. */
export type Standard = typeof STDIN | typeof STDOUT | typeof STDERR;

const known = new Map<Standard, boolean>();

/**
 * Whether a descriptor that the program began with is a terminal. To ask the runtime takes 4 ms of
 * the start, and its streams 10, so it is asked only where it can be one.
 */
export function isTerminal(descriptor: Standard): boolean {
  const before = known.get(descriptor);
  if (before !== undefined) return before;
  const found = canBeTerminal(descriptor) && runtimeSaysSo(descriptor);
  known.set(descriptor, found);
  return found;
}

/** How many columns the terminal of a descriptor has; `undefined` where that is none. */
export function columnsOf(descriptor: typeof STDOUT | typeof STDERR): number | undefined {
  if (!isTerminal(descriptor)) return undefined;
  return (descriptor === STDOUT ? process.stdout : process.stderr).columns;
}

/** Pipes, sockets and files are none, and neither is what nothing is written to. */
function canBeTerminal(descriptor: Standard): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== statSync(devNull).rdev;
  } catch {
    return true;
  }
}

function runtimeSaysSo(descriptor: Standard): boolean {
  const { isatty } = process.getBuiltinModule("node:tty");
  return isatty(descriptor);
}
