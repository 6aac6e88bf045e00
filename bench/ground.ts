/** Where a benchmark takes place: folders on a memory file system, with what is moved. */
import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

const MIB = 1024 * 1024;
const SMALL_BYTES = 4096;
const FOLDERS = 100;

/** How much is moved. */
export interface Sizes {
  /** The large file, in bytes. */
  readonly large: number;
  /** The file that is resumed, in bytes. */
  readonly resumed: number;
  /** How many small files there are, in a hundred folders. */
  readonly files: number;
  /** How many clients there are at once, and what each gets, in bytes. */
  readonly clients: number;
  readonly each: number;
}

export const FULL: Sizes = {
  large: 2048 * MIB,
  resumed: 4096 * MIB,
  files: 10_000,
  clients: 100,
  each: 64 * MIB,
};
/** For a look: ratios are rougher, above all of what takes long to begin. */
export const QUICK: Sizes = {
  large: 256 * MIB,
  resumed: 512 * MIB,
  files: 10_000,
  clients: 20,
  each: 16 * MIB,
};

export class Ground implements Disposable {
  readonly path: string;
  readonly sizes: Sizes;
  /** What servers serve. */
  readonly served: string;
  /** Where clients are run. */
  readonly here: string;
  #names = 0;

  constructor(sizes: Sizes) {
    const memory = "/dev/shm";
    this.path = mkdtempSync(join(existsSync(memory) ? memory : "/tmp", "sftp-bench-"));
    this.sizes = sizes;
    this.served = this.folder("served");
    this.here = this.folder("here");
  }

  /** A folder of its own, made. */
  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A name that nothing has had. */
  fresh(): string {
    return `fresh-${++this.#names}`;
  }

  /** A file of random bytes that servers serve, made where it is not there yet. */
  async file(name: string, bytes: number): Promise<string> {
    const path = join(this.served, name);
    if (existsSync(path)) return path;
    const file = await open(path, "w");
    const piece = Buffer.allocUnsafe(MIB);
    for (let at = 0; at < bytes; at += MIB) {
      randomFillSync(piece);
      await file.write(piece, 0, Math.min(MIB, bytes - at), at);
    }
    await file.close();
    return path;
  }

  /** The tree of small files. */
  async tree(): Promise<string> {
    const path = join(this.served, "small");
    if (existsSync(path)) return path;
    const content = Buffer.allocUnsafe(SMALL_BYTES);
    for (let folder = 0; folder < FOLDERS; folder++) {
      const parent = join(path, `d${folder}`);
      mkdirSync(parent, { recursive: true });
      for (let file = 0; file < this.sizes.files / FOLDERS; file++) {
        randomFillSync(content);
        await Bun.write(join(parent, `f${file}`), content);
      }
    }
    return path;
  }

  /** @throws {Error} where two files or trees differ */
  check(one: string, other: string): void {
    const { exitCode, stdout } = Bun.spawnSync(["diff", "-rq", one, other]);
    if (exitCode !== 0) throw new Error(`The bytes are wrong: ${stdout.toString().trim()}`);
  }

  remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    this.remove(this.path);
  }
}
