import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { visible } from "../../observe/visible.ts";
import { resolveTyped, type LocalSide } from "../local-path.ts";
import type { Candidate } from "./completion.ts";

/** A name in a folder. */
export interface Name {
  readonly name: string;
  readonly folder: boolean;
}

/** A word that names a file: the folder that stands in it, up to its last slash, and the rest. */
export function splitTyped(typed: string): { readonly folder: string; readonly begin: string } {
  const end = typed.lastIndexOf("/") + 1;
  return { folder: typed.slice(0, end), begin: typed.slice(end) };
}

/**
 * The names of a folder as candidates for a word. As in sh those that begin with a dot are shown
 * only to whoever types it. A name that a terminal would obey, or that is no text, cannot be typed
 * and is left out.
 */
export function candidatesFrom(typed: string, names: readonly Name[]): Candidate[] {
  const { folder, begin } = splitTyped(typed);
  if (begin === "..") return [{ text: typed, folder: true }];
  return names
    .filter(({ name }) => begin.startsWith(".") || !name.startsWith("."))
    .filter(({ name }) => visible(name) === name && !name.includes("\ufffd"))
    .map((one) => ({ text: folder + one.name, folder: one.folder }));
}

/** The names in the folder of this side that a word leads to; none where there is no such folder. */
export async function localNames(side: LocalSide, typed: string): Promise<Name[]> {
  const { folder } = splitTyped(typed);
  const full = resolveTyped(side, folder === "" ? "." : folder);
  const entries = await readdir(full, { withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries.map(async (entry) => {
      const isFolder = entry.isSymbolicLink()
        ? await stat(join(full, entry.name)).then(
            (found) => found.isDirectory(),
            () => false,
          )
        : entry.isDirectory();
      return { name: entry.name, folder: isFolder };
    }),
  );
}

/** Candidates of this side: `~` stands for the home folder, and can be no name's begin. */
export async function localCandidates(side: LocalSide, typed: string): Promise<Candidate[]> {
  if (typed === "~") return [{ text: "~", folder: true }];
  const found = candidatesFrom(typed, await localNames(side, typed));
  return found.filter(({ text }) => text !== "~");
}
