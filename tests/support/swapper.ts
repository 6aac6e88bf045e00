/**
 * Another process that turns the folder `a` of a folder into the link `link` and back, as fast as it
 * can, until it is killed or left alone.
 */
const SWAPPER = `
  const { renameSync } = require("node:fs");
  let moved = 0;
  const put = (from) => {
    for (;;) {
      try {
        return renameSync(from, "a");
      } catch {
        // A transfer made the folder anew while there was none.
        renameSync("a", "moved" + moved++);
      }
    }
  };
  const end = performance.now() + 120_000;
  for (let turn = 0; performance.now() < end; turn++) {
    renameSync("a", "real");
    put("link");
    renameSync("a", "link");
    put("real");
    if (turn === 0) console.log("ready");
  }
`;

export class Swapper implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;

  private constructor(process: Bun.Subprocess<"ignore", "pipe", "inherit">) {
    this.#process = process;
  }

  /** Begins, and waits until it has swapped once. There has to be a folder `a` and a link `link`. */
  static async start(folder: string): Promise<Swapper> {
    const process = Bun.spawn([globalThis.process.execPath, "-e", SWAPPER], {
      cwd: folder,
      stdout: "pipe",
    });
    await process.stdout.getReader().read();
    return new Swapper(process);
  }

  /** Whether it still swaps. */
  get running(): boolean {
    return this.#process.exitCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
