import { lstat, mkdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "../../faults/faults.ts";
import { heldFolder, HOLDS_FOLDERS } from "../../platform/held-folder.ts";
import { StorageError, type Path } from "../errors.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import { OPEN_FOLDER, openFile } from "./open-file.ts";

/** An open folder, by which its entries are reached without following any link on the way. */
export class Folder {
  readonly #path: string;
  readonly #handle: FileHandle | undefined;

  private constructor(path: string, handle: FileHandle | undefined) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Opens a root. Links in its path are the operator's own and are followed. */
  static async openRoot(realPath: string): Promise<Folder> {
    return new Folder(realPath, HOLDS_FOLDERS ? await openFile(realPath, OPEN_FOLDER) : undefined);
  }

  /** A path for calls of the system, to be used while the folder is open. */
  entry(name: string): string {
    return this.#handle === undefined ? join(this.#path, name) : `${this.self}/${name}`;
  }

  /** A path of the folder itself for calls of the system, to be used while it is open. */
  get self(): string {
    return this.#handle === undefined ? this.#path : heldFolder(this.#handle.fd);
  }

  /** Opens a folder inside this one. Where descriptors cannot help, a link is refused by a look. */
  async openChild(name: string): Promise<Folder> {
    const path = this.entry(name);
    if (HOLDS_FOLDERS) return new Folder(path, await openFile(path, OPEN_FOLDER));
    const stat = await lstat(path);
    if (!stat.isDirectory()) {
      throw Object.assign(new Error(`not a folder: ${path}`), { code: "ENOTDIR" });
    }
    return new Folder(path, undefined);
  }

  /** Opens this very folder once more, to be closed by itself. */
  async openAgain(): Promise<Folder> {
    const path = `${this.self}/.`;
    return new Folder(this.#path, HOLDS_FOLDERS ? await openFile(path, OPEN_FOLDER) : undefined);
  }

  /** Has its entries written to the disk; where folders cannot be synced, nothing. */
  async sync(): Promise<void> {
    if (globalThis.FAULT_LAB) fault("sync");
    await this.#handle?.sync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

/** How to go down to a folder. */
export interface Descent {
  /** Make the folders that are missing. */
  readonly make?: boolean;
  /** Is shown each folder on the way, in the one that holds it, and may refuse it. */
  readonly judge?: (parent: Folder, path: Path, isNew: boolean) => Promise<void>;
}

/**
 * Opens the folder under `root` that `parts` name, and hands it to `use`; closed afterwards.
 * @throws {StorageError}
 */
export async function withFolder<T>(
  root: Folder,
  parts: Path,
  options: Descent,
  use: (folder: Folder) => Promise<T>,
): Promise<T> {
  let folder = root;
  try {
    for (const [depth, part] of parts.entries()) {
      const parent = folder;
      try {
        const reached = await openOrMake(parent, part, options.make === true);
        ({ folder } = reached);
        await options.judge?.(parent, parts.slice(0, depth + 1), reached.isNew);
      } catch (error) {
        throw await folderError(error, parent, parts.slice(0, depth + 1));
      } finally {
        if (parent !== root && folder !== parent) await parent.close();
      }
    }
    return await use(folder);
  } finally {
    if (folder !== root) await folder.close();
  }
}

/** A folder that was gone down to. */
interface Reached {
  readonly folder: Folder;
  /** Whether it was made for that. */
  readonly isNew: boolean;
}

async function openOrMake(parent: Folder, name: string, make: boolean): Promise<Reached> {
  try {
    return { folder: await parent.openChild(name), isNew: false };
  } catch (error) {
    if (!make || errnoOf(error) !== "ENOENT") throw error;
  }
  let isNew = true;
  try {
    if (globalThis.FAULT_LAB) fault("mkdir");
    await mkdir(parent.entry(name));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    isNew = false;
  }
  return { folder: await parent.openChild(name), isNew };
}

async function folderError(error: unknown, parent: Folder, path: Path): Promise<unknown> {
  const code = errnoOf(error);
  if (code === "ENOENT") {
    return new StorageError("not-found", path, (name) => `There is no folder ${name}`);
  }
  if (code !== "ENOTDIR" && code !== "ELOOP") return fromSystem(error, path);
  const name = path.at(-1) ?? "";
  const isLink = await lstat(parent.entry(name)).then(
    (stat) => stat.isSymbolicLink(),
    () => false,
  );
  return new StorageError("not-a-file", path, (shown) =>
    isLink ? `${shown} is a link, and links are not followed` : `${shown} is not a folder`,
  );
}
