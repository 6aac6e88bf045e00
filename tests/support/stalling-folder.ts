import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TemporaryFolder } from "./programs.ts";

const PROGRAM = join(import.meta.dir, "stalling_folder.py");

/** What a program can ask of a file system. `close` is the last word of a descriptor (flush). */
export type Operation =
  | "open"
  | "read"
  | "write"
  | "fsync"
  | "stat"
  | "lookup"
  | "list"
  | "link"
  | "rename"
  | "create"
  | "close";

/** What is to hang. */
export interface Stall {
  readonly op: Operation;
  /** The last part of the file's path; any where left out. */
  readonly name?: string;
  /** From this offset on. */
  readonly from?: number;
  /** Only of so many files, the first that come. */
  readonly files?: number;
}

/** What is mounted now: a test that is given up does not unmount it. */
const mounted = new Set<string>();
process.on("exit", () => {
  for (const path of mounted) Bun.spawnSync(["umount", "--lazy", path]);
});

/** Why no folder can be made to hang on this machine; `undefined` where one can. */
export const noStalls: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== "linux") return `needs FUSE, and this is ${process.platform}`;
  if (Bun.which("python3") === null) return "needs python3";
  const { exitCode, stdout, stderr } = Bun.spawnSync(["python3", PROGRAM, "--check"]);
  if (exitCode === 0) return undefined;
  const said = `${stdout.toString()}${stderr.toString()}`.trim().split("\n").at(-1) ?? "";
  return `needs the right to mount with FUSE: ${said}`;
}

/** A test's name, which says why it is skipped where it is. */
export function stalling(name: string): string {
  return noStalls === undefined ? name : `${name} (skipped: ${noStalls})`;
}

/**
 * A folder on a disk that hangs, or is slow, when it is told to. Whoever waits for it is let go by
 * `release`, or when it is killed. The test itself uses `behind`, which never hangs.
 */
export class StallingFolder implements AsyncDisposable {
  /** The folder as the program under test is to see it. */
  readonly path: string;
  /** Where its files lie. */
  readonly behind: string;
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #told = new Map<string, number>();
  #ended = false;
  #orders = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(path: string, behind: string) {
    this.path = path;
    this.behind = behind;
    for (const folder of [path, behind]) mkdirSync(folder, { recursive: true });
    this.#process = Bun.spawn(["python3", PROGRAM, behind, path], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#listen();
  }

  /** Mounts one inside a temporary folder. */
  static async mount(folder: TemporaryFolder, name: string): Promise<StallingFolder> {
    const disk = new StallingFolder(folder.join(name), folder.join(`${name}-behind`));
    await disk.#until("mounted", 1);
    mounted.add(disk.path);
    return disk;
  }

  /** From now on such operations hang. */
  stall(what: Stall): Promise<void> {
    return this.#order({ do: "stall", ...what });
  }

  /** From now on such operations take so long each, in milliseconds, one after the other. */
  slow(op: Operation, ms: number): Promise<void> {
    return this.#order({ do: "slow", op, ms });
  }

  /** Carries out what hangs, and lets nothing hang any more: of one kind, or of any. */
  release(op?: Operation): Promise<void> {
    return this.#order({ do: "release", op });
  }

  /** How many operations have hung since the beginning. */
  get hung(): number {
    return this.#told.get("held") ?? 0;
  }

  /** Waits until so many operations have hung since the beginning. */
  held(count = 1): Promise<void> {
    return this.#until("held", count);
  }

  /** Waits until one that hung was let go because its program is being killed. */
  interrupted(): Promise<void> {
    return this.#until("interrupted", 1);
  }

  /** Unmounts; what still hangs fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.end();
    if ((await this.#process.exited) === 0) mounted.delete(this.path);
  }

  async #order(order: object): Promise<void> {
    const orders = ++this.#orders;
    await this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    await this.#process.stdin.flush();
    await this.#until("done", orders);
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of this.#process.stdout) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { event }: { event: string } = JSON.parse(line);
        this.#told.set(event, (this.#told.get(event) ?? 0) + 1);
      }
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  async #until(event: string, count: number): Promise<void> {
    while ((this.#told.get(event) ?? 0) < count) {
      if (this.#ended) throw new Error(`the stalling folder ended before "${event}"`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
