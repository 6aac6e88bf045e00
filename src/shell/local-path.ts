import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Path } from "../storage/errors.ts";
import { LocalStorage, type LocalOptions } from "../storage/local/local.ts";
import type { Storage } from "../storage/storage.ts";
import type { ShellContext } from "./context.ts";
import { meansFolder } from "./remote-path.ts";

/** A place on this side: in the client's root, or wherever the user pointed. */
export interface LocalPlace {
  readonly storage: Storage;
  readonly path: Path;
  /** Whether it was typed as a path in the client's root, whose folders belong to its name. */
  readonly inRoot: boolean;
  /** To be called when it is no longer used. */
  close(): Promise<void>;
}

/** This side: the client's root, and where names begin. */
export type LocalSide = Pick<ShellContext, "root" | "localFolder">;

/** Where what a user typed for this side lies: `~`, `..` and absolute paths go anywhere. */
export function resolveTyped({ localFolder }: LocalSide, typed: string): string {
  const expanded = typed === "~" || typed.startsWith("~/") ? homedir() + typed.slice(1) : typed;
  return resolve(localFolder, expanded);
}

/** Whether what was typed names a folder of this side. */
export async function isLocalFolder(side: LocalSide, typed: string): Promise<boolean> {
  if (meansFolder(typed)) return true;
  return stat(resolveTyped(side, typed)).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Opens the place that a user typed for this side.
 * @param options for the folder that it lies in, where that is outside of the root
 * @throws {StorageError} where there is no such folder
 */
export async function openLocal(
  side: LocalSide,
  typed: string,
  options: LocalOptions,
): Promise<LocalPlace> {
  const { root } = side;
  const full = resolveTyped(side, typed);
  const inside = relative(root.location, full);
  if (!isAbsolute(inside) && inside !== ".." && !inside.startsWith(`..${sep}`)) {
    const path = inside === "" ? [] : inside.split(sep);
    const inRoot = !isAbsolute(typed) && !typed.startsWith("~");
    return { storage: root, path, inRoot, close: async () => undefined };
  }
  const storage = await LocalStorage.open(dirname(full), options);
  return {
    storage,
    path: [basename(full)],
    inRoot: false,
    close: () => storage.close(),
  };
}

/** What a file is called when it goes into a folder that a user typed. */
export function into(typedFolder: string, name: string): string {
  return join(typedFolder, name);
}
