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
    return new LocalSink(root, staging, path, absent, await staging.create());
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
  #done = false;

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

  async commit(attributes: Attributes): Promise<void> {
    try {
      await this.#writer.finish();
      const { handle } = this.#staged;
      if (attributes.exec === true) {
        const { mode } = await handle.stat();
        await handle.chmod((mode & 0o777) | ((mode & 0o444) >> 2));
      }
      if (attributes.mtime !== undefined) {
        // As a Date: seconds as a fraction miss the millisecond for half of all values.
        const time = new Date(Math.min(attributes.mtime, LATEST_TIME));
        await handle.utimes(time, time);
      }
      await withFolder(this.#root, this.#path.slice(0, -1), { make: true }, (folder) =>
        this.#publish(folder),
      );
    } catch (error) {
      await this.abort();
      throw fromSystem(error, this.#path);
    }
    this.#done = true;
    await this.#staged.handle.close();
    await this.#staging.release();
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await this.#writer.finish().catch(() => undefined);
    await this.#staged.handle.close();
    await discard(this.#staged);
    await this.#staging.release();
  }

  async #publish(folder: Folder): Promise<void> {
    const from = this.#staged.folder.entry(this.#staged.name);
    const to = folder.entry(this.#path.at(-1) ?? "");
    if (this.#absent) {
      await moveToFree(from, to);
    } else {
      await checkReplaceable(to, this.#path);
      await rename(from, to);
    }
  }
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
