import type { Path } from "../../errors.ts";
import type { Source } from "../../storage.ts";
import type { SmallFile } from "./calls.ts";

/** A file that was read whole, and was the same before and after. */
export class SmallSource implements Source {
  readonly path: Path;
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
  readonly identity: string;
  readonly #content: Uint8Array;

  constructor(path: Path, { size, mtime, exec, identity }: SmallFile, content: Uint8Array) {
    this.path = path;
    this.size = size;
    this.mtime = mtime;
    this.exec = exec;
    this.identity = identity;
    this.#content = content;
  }

  read(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    let done = offset;
    for (const buffer of buffers) {
      const some = this.#content.subarray(done, done + buffer.length);
      buffer.set(some);
      done += some.length;
    }
    return Promise.resolve(done - offset);
  }

  unchanged(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
