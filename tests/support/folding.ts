import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { until } from "./files.ts";
import { TemporaryFolder } from "./programs.ts";

/** The system's own Python, which Debian's python3-fusepy is for. */
const PYTHON = "/usr/bin/python3";

/** Whether such a disk can be mounted here. */
export const CAN_FOLD =
  existsSync("/dev/fuse") &&
  process.getuid?.() === 0 &&
  existsSync(PYTHON) &&
  Bun.spawnSync([PYTHON, "-c", "import fusepy"]).exitCode === 0;

/** Why a test is left out, at the end of its name. */
export const ONLY_FOLDING = CAN_FOLD ? "" : " (skipped: needs root, FUSE and python3-fusepy)";

/** A disk that takes `README` and `readme`, or a letter composed and decomposed, for one name. */
export class FoldingDisk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  readonly #folder: TemporaryFolder;
  readonly #process: Bun.Subprocess;

  private constructor(folder: TemporaryFolder, process: Bun.Subprocess) {
    this.path = folder.join("disk");
    this.#folder = folder;
    this.#process = process;
  }

  static async mount(): Promise<FoldingDisk> {
    const folder = new TemporaryFolder();
    const behind = folder.join("behind");
    for (const made of [behind, folder.join("disk")]) mkdirSync(made);
    const script = join(import.meta.dir, "folding.py");
    const process = Bun.spawn([PYTHON, script, behind, folder.join("disk")], { stderr: "inherit" });
    const { dev } = statSync(behind);
    await until(() => process.exitCode !== null || statSync(folder.join("disk")).dev !== dev);
    if (process.exitCode !== null) throw new Error("the disk could not be mounted");
    return new FoldingDisk(folder, process);
  }

  /** A path on it. */
  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Bun.spawnSync(["umount", "--lazy", this.path]);
    this.#process.kill();
    await this.#process.exited;
    this.#folder[Symbol.dispose]();
  }
}
