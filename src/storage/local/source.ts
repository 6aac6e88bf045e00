import type { FileHandle } from "node:fs/promises";
import { fault, shortened, without } from "../../faults/faults.ts";
import { StorageError, type Path } from "../errors.ts";
import type { Source } from "../storage.ts";
import { fromSystem } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { changedSince, itemOf, type Stat } from "./item.ts";
import { OPEN_FILE, openFile } from "./open-file.ts";
import { skipBytes } from "./skip-bytes.ts";

/** Opens a regular file for reading. */
export async function openSource(root: Folder, path: Path): Promise<Source> {
  const name = path.at(-1);
  if (name === undefined) throw notAFile(path, true);
  try {
    const handle = await withFolder(root, path.slice(0, -1), {}, (folder) =>
      openFile(folder.entry(name), OPEN_FILE),
    );
    try {
      if (globalThis.FAULT_LAB) fault("stat");
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) throw notAFile(path, stat.isDirectory());
      return new LocalSource(path, handle, stat);
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw fromSystem(error, path);
  }
}

class LocalSource implements Source {
  readonly path: Path;
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
  readonly #handle: FileHandle;
  readonly #opened: Stat;

  constructor(path: Path, handle: FileHandle, opened: Stat) {
    this.path = path;
    this.#handle = handle;
    this.#opened = opened;
    ({ size: this.size, mtime: this.mtime, exec: this.exec } = itemOf(opened));
  }

  async read(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    try {
      let done = 0;
      // A signal or a network's file system may cut a call short.
      for (let rest = buffers; rest.length > 0; rest = skipBytes(buffers, done)) {
        const into = globalThis.FAULT_LAB ? shortened("read", rest) : rest;
        const { bytesRead } = await this.#handle.readv(into, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    } catch (error) {
      throw fromSystem(error, this.path);
    }
  }

  async unchanged(): Promise<void> {
    if (globalThis.FAULT_LAB && without("unchanged")) return;
    if (changedSince(this.#opened, await this.#stat())) {
      throw new StorageError("changed", this.path, (name) => `${name} changed while it was read`);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#handle.close();
      if (globalThis.FAULT_LAB) fault("close");
    } catch {
      // What was only read loses nothing by it.
    }
  }

  async #stat(): Promise<Stat> {
    try {
      if (globalThis.FAULT_LAB) fault("stat");
      return await this.#handle.stat({ bigint: true });
    } catch (error) {
      throw fromSystem(error, this.path);
    }
  }
}

function notAFile(path: Path, isFolder: boolean): StorageError {
  return new StorageError("not-a-file", path, (name) =>
    isFolder ? `${name} is a folder: name a file in it` : `${name} is not a regular file`,
  );
}
