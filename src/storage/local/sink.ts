import { lstat, rename, statfs } from "node:fs/promises";
import { StorageError, type Path } from "../errors.ts";
import { checkCreatable } from "../names.ts";
import type { Attributes, CreateOptions, Sink } from "../storage.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { exists, moveToFree } from "./move.ts";
import { discard, type Staged, type Staging } from "./staging.ts";
import { WriteBehind } from "./write-behind.ts";

/** Below this the disk is not asked for its room first, in bytes. */
const ASK_FOR_ROOM_FROM = 1024 * 1024;
/** How often a folder is made again that others remove before the file is in it. */
const ATTEMPTS = 10;
/** ECMAScript's latest time, which no file system exceeds, in milliseconds. */
const LATEST_TIME = 8.64e15;

/** Begins a file in the staging folder, after everything was refused that can be known now. */
export async function createSink(
  root: Folder,
  staging: Staging,
  path: Path,
  options: CreateOptions,
): Promise<Sink> {
  checkCreatable(path);
  const absent = options.absent === true;
  try {
    await checkTarget(root, path, absent);
    if (options.size !== undefined) await checkRoom(root, path, options.size);
    return new LocalSink(root, staging, path, absent, await staging.create(path));
  } catch (error) {
    throw fromSystem(error, path);
  }
}

class LocalSink implements Sink {
  readonly #root: Folder;
  readonly #staging: Staging;
  readonly #path: Path;
  readonly #absent: boolean;
  readonly #staged: Staged;
  readonly #writer: WriteBehind;
  #ending: Promise<void> | undefined;

  constructor(root: Folder, staging: Staging, path: Path, absent: boolean, staged: Staged) {
    this.#root = root;
    this.#staging = staging;
    this.#path = path;
    this.#absent = absent;
    this.#staged = staged;
    this.#writer = new WriteBehind(staged.handle);
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    return this.#writer.write(bytes)?.catch((error: unknown) => {
      throw fromSystem(error, this.#path);
    });
  }

  commit(attributes: Attributes): Promise<void> {
    if (this.#ending !== undefined) throw new Error("A file ends only once");
    const committed = this.#commit(attributes);
    this.#ending = committed.catch(() => undefined);
    return committed;
  }

  abort(): Promise<void> {
    this.#ending ??= this.#forget();
    return this.#ending;
  }

  async #commit(attributes: Attributes): Promise<void> {
    try {
      await this.#writer.finish();
      await this.#setAttributes(attributes);
      // Some file systems tell only now that a write failed: before anybody sees the file.
      await this.#staged.handle.close();
      await this.#publish();
    } catch (error) {
      await this.#forget();
      throw fromSystem(error, this.#path);
    }
    await this.#staging.release(this.#staged);
  }

  async #forget(): Promise<void> {
    await this.#writer.finish().catch(() => undefined);
    await this.#staged.handle.close().catch(() => undefined);
    await discard(this.#staged);
    await this.#staging.release(this.#staged);
  }

  async #setAttributes({ mtime, exec }: Attributes): Promise<void> {
    const { handle } = this.#staged;
    if (exec === true) {
      const { mode } = await handle.stat();
      await handle.chmod((mode & 0o777) | ((mode & 0o444) >> 2));
    }
    if (mtime !== undefined) {
      // As a Date: seconds as a fraction miss the millisecond for half of all values.
      const time = new Date(Math.min(mtime, LATEST_TIME));
      await handle.utimes(time, time);
    }
  }

  async #publish(): Promise<void> {
    const parents = this.#path.slice(0, -1);
    for (let attempt = 1; ; attempt++) {
      try {
        await withFolder(this.#root, parents, { make: true }, (folder) => this.#moveTo(folder));
        return;
      } catch (error) {
        if (!isMissing(error)) throw error;
        if (attempt === ATTEMPTS || !(await exists(this.#staged.entry))) throw this.#vanished();
        // Somebody removed a folder between its making and its use.
      }
    }
  }

  async #moveTo(folder: Folder): Promise<void> {
    const from = this.#staged.entry;
    const to = folder.entry(this.#path.at(-1) ?? "");
    if (this.#absent) {
      await moveToFree(from, to);
    } else {
      await checkReplaceable(to, this.#path);
      await rename(from, to);
    }
  }

  #vanished(): StorageError {
    return new StorageError(
      "failed",
      this.#path,
      (name) => `What was written of ${name}, or its folder, was removed by another program`,
    );
  }
}

function isMissing(error: unknown): boolean {
  return (
    (error instanceof StorageError && error.problem === "not-found") || errnoOf(error) === "ENOENT"
  );
}

async function checkTarget(root: Folder, path: Path, absent: boolean): Promise<void> {
  try {
    await withFolder(root, path.slice(0, -1), {}, async (folder) => {
      const target = folder.entry(path.at(-1) ?? "");
      await checkReplaceable(target, path);
      if (!absent || !(await exists(target))) return;
      throw new StorageError("exists", path, (name) => `${name} exists already`);
    });
  } catch (error) {
    if (error instanceof StorageError && error.problem === "not-found") return;
    throw error;
  }
}

async function checkReplaceable(target: string, path: Path): Promise<void> {
  const stat = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (stat === undefined || stat.isFile()) return;
  throw new StorageError("not-a-file", path, (name) =>
    stat.isDirectory()
      ? `${name} is a folder: a file cannot take its place`
      : `${name} is there and is not a regular file: it is left alone`,
  );
}

async function checkRoom(root: Folder, path: Path, size: number): Promise<void> {
  if (size < ASK_FOR_ROOM_FROM) return;
  const { bavail, bsize } = await statfs(root.self);
  const room = bavail * bsize;
  if (size <= room) return;
  throw new StorageError(
    "space",
    path,
    (name) => `${name} would take ${size} bytes and there is room for ${room}`,
  );
}
