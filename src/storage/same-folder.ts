import type { Path } from "./errors.ts";

/** Whether two paths are of the same folder, which costs less than to take the folder of each. */
export function areInOneFolder(path: Path, other: Path): boolean {
  if (path.length !== other.length) return false;
  for (let depth = path.length - 2; depth >= 0; depth--) {
    if (path[depth] !== other[depth]) return false;
  }
  return true;
}
