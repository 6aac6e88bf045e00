import { isAbsolute } from "node:path";

/**
 * An absolute path for one that whoever started the program has named: its current folder does not
 * stay what it was then, since the thread that moves small files goes into theirs.
 */
export function fromStart(path: string): string {
  // As the system reads it: `join` would take `..` for something of the text.
  return isAbsolute(path) ? path : `${STARTED_IN}/${path}`;
}

const STARTED_IN = startedIn();

/** Where the folder is gone, nothing is found in it in either way. */
function startedIn(): string {
  try {
    return process.cwd();
  } catch {
    return ".";
  }
}
