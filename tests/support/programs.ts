import { setDefaultTimeout } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transcript } from "./transcript.ts";

/** Only a test that hangs takes this long, in milliseconds: the same as in the whole check. */
setDefaultTimeout(240_000);

/** The binary that is tested: the one that users get. */
export const BINARY = process.env["SFTP_BINARY"] ?? join(import.meta.dir, "../../dist/sftp");

/** What the laboratory's build is to do without. */
const SABOTAGE = process.env["SFTP_SABOTAGE"];

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

/** Where programs under test keep what lasts, where a test does not name a place of its own. */
const STATE = mkdtempSync(join(tmpdir(), "sftp-test-state-"));
process.on("exit", () => rmSync(STATE, { recursive: true, force: true }));

/** The environment of a program under test: nothing of the machine's own settings. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: "/nonexistent",
    XDG_STATE_HOME: STATE,
    // Tests of what is lost say so where it is to be tried again.
    SFTP_RETRIES: "0",
    // Only the laboratory's build obeys it.
    ...(SABOTAGE === undefined ? {} : { SFTP_SABOTAGE: SABOTAGE }),
    ...extra,
  };
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
  /** Another build of it. */
  readonly binary?: string;
}

/** The programs that run, by their handles. */
const RUNNING = new Set<Bun.Subprocess>();

function noted<T extends Bun.Subprocess>(child: T): T {
  RUNNING.add(child);
  void child.exited.then(() => RUNNING.delete(child));
  return child;
}

/** Kills every program that was started here and runs: whoever waits for one goes on. */
export async function killAll(): Promise<void> {
  const running = [...RUNNING];
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(running.map((child) => child.exited));
}

/** Runs the binary to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const started = Bun.spawn([options.binary ?? BINARY, ...args], {
    stdin: new Blob([options.input ?? ""]),
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const child = noted(started);
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

export interface StartOptions {
  readonly cwd?: string;
  /** A command that ends by executing what follows it, such as `setpriv …`. */
  readonly by?: readonly string[];
  readonly env?: Record<string, string>;
  /** Another build of it. */
  readonly binary?: string;
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** A program that runs while the test goes on; killed by `await using`. */
export class RunningProgram implements AsyncDisposable {
  readonly process: Child;
  readonly #all = new Transcript();
  readonly #stdout = new Transcript();
  readonly #followed: Promise<unknown>;

  protected constructor(process: Child) {
    this.process = process;
    this.#followed = Promise.all([
      this.#follow(process.stdout, this.#stdout),
      this.#follow(process.stderr, undefined),
    ]).then(() => this.#all.end());
  }

  protected static spawn(args: readonly string[], options: StartOptions = {}): Child {
    const child: Child = Bun.spawn([...(options.by ?? []), options.binary ?? BINARY, ...args], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: cleanEnvironment(options.env),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    return noted(child);
  }

  /** What it has written so far, to standard error and output. */
  get log(): string {
    return this.#all.text;
  }

  /** What it has written so far to standard output. */
  get stdout(): string {
    return this.#stdout.text;
  }

  /** Waits until it has written what the pattern matches. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#all.waitFor(pattern);
  }

  /**
   * Its resident memory in bytes (Linux), without pages of files: those of the program itself come
   * as they are used, are shared and can be had again.
   */
  async memory(): Promise<number> {
    const status = await Bun.file(`/proc/${this.process.pid}/status`).text();
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? "0") * 1024;
  }

  /** How many descriptors it has open (Linux). */
  get descriptors(): number {
    return readdirSync(`/proc/${this.process.pid}/fd`).length;
  }

  /** Waits for its end, and for the last of what it wrote. Gives its exit status. */
  async ended(): Promise<number> {
    const status = await this.process.exited;
    await this.#followed;
    return status;
  }

  /** Sends it a signal and gives its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.process.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended();
  }

  async #follow(stream: ReadableStream<Uint8Array>, also: Transcript | undefined): Promise<void> {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      const text = decoder.decode(piece, { stream: true });
      also?.add(text);
      this.#all.add(text);
    }
  }
}

/** A running `sftp serve`. */
export class ServerProcess extends RunningProgram {
  #port = 0;

  /** Starts a server, on a free port where the flags name none, and waits until it listens. */
  static start(
    root: string,
    flags: readonly string[] = [],
    options: StartOptions = {},
  ): Promise<ServerProcess> {
    return ServerProcess.startWith(["--port", "0", "--root", root, ...flags], options);
  }

  /** Starts a server with these flags alone, and waits until it listens. */
  static async startWith(
    flags: readonly string[],
    options: StartOptions = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess(RunningProgram.spawn(["serve", ...flags], options));
    const [, port] = await server.waitFor(/(?:on \S+:|"port":)(\d+)/);
    server.#port = Number(port);
    return server;
  }

  get port(): number {
    return this.#port;
  }
}

/** A running `sftp connect` that is told what to do by a pipe. */
export class ClientProcess extends RunningProgram {
  static start(root: string, args: readonly string[], options: StartOptions = {}): ClientProcess {
    return new ClientProcess(RunningProgram.spawn(["connect", "--root", root, ...args], options));
  }

  /** Hands it a line. */
  type(line: string): void {
    void this.process.stdin.write(`${line}\n`);
    void this.process.stdin.flush();
  }

  /** Ends its input. */
  async finish(): Promise<number> {
    await this.process.stdin.end();
    return this.ended();
  }
}
