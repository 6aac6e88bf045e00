import { mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "./programs.ts";

/** Whether a disk of one's own can be mounted here. */
export const CAN_MOUNT = process.platform === "linux" && process.getuid?.() === 0;

/** Why a test is left out, at the end of its name. */
export const ONLY_MOUNTED = CAN_MOUNT ? "" : " (skipped: only root can mount a disk for it)";

/** A disk of a few MiB. */
export class SmallDisk implements Disposable {
  readonly path: string;
  readonly #folder = new TemporaryFolder();

  constructor(mebibytes: number) {
    this.path = this.#folder.join("disk");
    mkdirSync(this.path);
    const options = `size=${mebibytes}m`;
    const command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", this.path];
    const { exitCode, stderr } = Bun.spawnSync(command);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }

  /** A path on it. */
  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Bytes that are free. */
  get room(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Fills it until only so many bytes are free, a multiple of 4,096. */
  fillUpTo(free: number): void {
    writeFileSync(this.join("filler"), Buffer.alloc(this.room - free));
  }

  [Symbol.dispose](): void {
    // Lazily, so that a test that fails with a file open leaves no disk behind.
    Bun.spawnSync(["umount", "--lazy", this.path]);
    this.#folder[Symbol.dispose]();
  }
}
