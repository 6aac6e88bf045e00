import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The binary that is tested: the one that users get. */
export const BINARY = process.env["SFTP_BINARY"] ?? join(import.meta.dir, "../../dist/sftp");

/** A temporary folder that is removed by `using`. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "sftp-test-"));

  /** A path inside it. */
  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The environment of a program under test: nothing of the machine's own settings. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...extra };
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** What it reads from standard input; nothing where left out. */
  readonly input?: string;
  readonly env?: Record<string, string>;
}

/** Runs the binary to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = Bun.spawn([BINARY, ...args], {
    stdin: new Blob([options.input ?? ""]),
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}

/** Runs `sftp connect` with commands for `-c`, in a folder that serves as the client's root. */
export function connect(
  client: string,
  port: number,
  commands: string,
  ...flags: string[]
): Promise<Ran> {
  return run(["connect", String(port), "--root", client, "-c", commands, ...flags]);
}

/** A running `sftp serve`, stopped by `await using`. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** What it has written to standard error since it was started, which goes on growing. */
  readonly #log: { text: string };
  readonly #changed: { wake: () => void };

  private constructor(
    process: Bun.Subprocess<"ignore", "pipe", "pipe">,
    port: number,
    log: { text: string },
    changed: { wake: () => void },
  ) {
    this.process = process;
    this.port = port;
    this.#log = log;
    this.#changed = changed;
  }

  /** Starts a server on a free port and waits until it listens. */
  static async start(
    root: string,
    flags: readonly string[] = [],
    options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
  ): Promise<ServerProcess> {
    const child = Bun.spawn([BINARY, "serve", "--port", "0", "--root", root, ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: cleanEnvironment(options.env),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const log = { text: "" };
    const changed = { wake: (): void => undefined };
    const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const piece of stream) {
        log.text += decoder.decode(piece, { stream: true });
        changed.wake();
      }
      log.text += "\n[closed]\n";
      changed.wake();
    };
    void follow(child.stderr);
    void follow(child.stdout);
    const waiting = new ServerProcess(child, 0, log, changed);
    const [, port] = await waiting.waitFor(/(?:on \S+:|"port":)(\d+)/);
    return new ServerProcess(child, Number(port), log, changed);
  }

  /** What it has written so far, to standard error and output. */
  get log(): string {
    return this.#log.text;
  }

  /** Waits until it has written what the pattern matches. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#log.text);
      if (match !== null) return match;
      if (this.#log.text.includes("[closed]")) throw new Error(`it ended: ${this.#log.text}`);
      await new Promise<void>((resolve) => (this.#changed.wake = resolve));
    }
  }

  /** Its resident memory in bytes (Linux). */
  async memory(): Promise<number> {
    const status = await Bun.file(`/proc/${this.process.pid}/status`).text();
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? "0") * 1024;
  }

  /** Asks it to stop and gives its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.process.kill(signal);
    return this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}
