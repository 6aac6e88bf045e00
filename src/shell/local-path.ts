import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { SYSTEM } from "../platform/system.ts";
import { StorageError, type Path } from "../storage/errors.ts";
import { LocalStorage, type LocalOptions } from "../storage/local/local.ts";
import type { Storage } from "../storage/storage.ts";
import type { ShellContext } from "./context.ts";
import { meansFolder } from "./remote-path.ts";

/** A place on this side: in the client's root, or wherever the user pointed. */
export interface LocalPlace {
  readonly storage: Storage;
  readonly path: Path;
  /** To be called when it is no longer used. */
  close(): Promise<void>;
}

/** This side: the client's root, and where names begin. */
export type LocalSide = Pick<ShellContext, "root" | "localFolder">;

/** Where what a user typed for this side lies: `~`, `..` and absolute paths go anywhere. */
export function resolveTyped({ localFolder }: LocalSide, typed: string): string {
  return resolve(localFolder, SYSTEM.startsAtHome(typed) ? homedir() + typed.slice(1) : typed);
}

/** Whether what was typed names a folder of this side. */
export async function isLocalFolder(side: LocalSide, typed: string): Promise<boolean> {
  if (meansFolder(typed)) return true;
  return stat(resolveTyped(side, typed)).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether what was typed names anything on this side. */
export async function isLocalFile(side: LocalSide, typed: string): Promise<boolean> {
  return stat(resolveTyped(side, typed)).then(
    () => true,
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
  const inside = insideRoot(side, typed);
  if (inside !== undefined) return inside;
  const full = resolveTyped(side, typed);
  const storage = await LocalStorage.open(dirname(full), options);
  const name = basename(full);
  // The root of the file system has no name.
  return { storage, path: name === "" ? [] : [name], close: () => storage.close() };
}

/**
 * Opens a folder that a user typed for this side, to look into it or to put files there.
 * @throws {StorageError} where it is none, and is not to be made
 */
export async function openLocalFolder(
  side: LocalSide,
  typed: string,
  options: LocalOptions,
): Promise<LocalPlace> {
  const inside = insideRoot(side, typed);
  if (inside !== undefined) return inside;
  const storage = await LocalStorage.open(resolveTyped(side, typed), options);
  return { storage, path: [], close: () => storage.close() };
}

/**
 * Opens a folder that a user typed for this side, to put files there.
 * @param dryRun leaves it unmade
 * @throws {StorageError} where it is none
 */
export async function openTargetFolder(
  context: LocalSide & Pick<ShellContext, "durable">,
  typed: string,
  dryRun: boolean,
): Promise<LocalPlace> {
  const { durable } = context;
  if (!dryRun) return openLocalFolder(context, typed, { make: true, durable });
  const inside = insideRoot(context, typed);
  if (inside !== undefined) return inside;
  const missing: string[] = [];
  for (let folder = resolveTyped(context, typed); ; folder = dirname(folder)) {
    try {
      const storage = await LocalStorage.open(folder, { make: false });
      return { storage, path: missing, close: () => storage.close() };
    } catch (error) {
      const isMissing = error instanceof StorageError && error.problem === "not-found";
      if (!isMissing || folder === dirname(folder)) throw error;
      missing.unshift(basename(folder));
    }
  }
}

function insideRoot(side: LocalSide, typed: string): LocalPlace | undefined {
  const { root } = side;
  const inside = relative(root.location, resolveTyped(side, typed));
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) return undefined;
  const path = inside === "" ? [] : inside.split(sep);
  return { storage: root, path, close: async () => undefined };
}

/** The absolute path of a place. */
export function locationOf({ storage, path }: Pick<LocalPlace, "storage" | "path">): string {
  return join(storage.location, ...path);
}

/** What a file is called when it goes into a folder that a user typed. */
export function into(typedFolder: string, name: string): string {
  return join(typedFolder, name);
}
