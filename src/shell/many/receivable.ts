import { MAX_PATH, whyNotCreatable } from "../../storage/names.ts";
import type { Path } from "../../storage/errors.ts";

/** Says why a path cannot be had, in words that follow what has it; `undefined` where it can. */
export type WhyNotHad = (path: string) => string | undefined;

/**
 * What judges whether the source of a mirror could have had something that the target has and it has
 * not. If it never could, that it lacks it says nothing: it may be the only one there is.
 * @param base the source; paths are those behind it
 */
export function receivableBy(base: Path): WhyNotHad {
  const room = MAX_PATH - base.reduce((sum, part) => sum + Buffer.byteLength(part) + 1, 0);
  /** The last one: what is judged lies together. */
  let last: { readonly folder: string; readonly why: string | undefined } | undefined;
  const whyNotIn = (folder: string): string | undefined => {
    if (last?.folder !== folder) {
      const parts = folder === "" ? [] : folder.split("/");
      last = { folder, why: parts.map(whyNotCreatable).find((why) => why !== undefined) };
    }
    return last.why;
  };
  return (path) => {
    const at = path.lastIndexOf("/");
    const why = whyNotCreatable(path.slice(at + 1));
    if (why !== undefined) return `the other side cannot have its name, which ${why}`;
    const above = whyNotIn(path.slice(0, Math.max(at, 0)));
    if (above !== undefined) {
      return `the other side cannot have the name of a folder that it is in, which ${above}`;
    }
    // No character of a text takes more than 3 bytes.
    if (path.length * 3 <= room || Buffer.byteLength(path) <= room) return undefined;
    return `the other side cannot have its path, which is longer than ${MAX_PATH} bytes there`;
  };
}
