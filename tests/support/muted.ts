import { closeSync, constants, openSync, readSync } from "node:fs";
import { FastClient } from "./fast-client.ts";
import { deadPort } from "./ports.ts";
import { BINARY, cleanEnvironment } from "./programs.ts";

/** Requests that fail: each has a line in the log that repeats their long name. */
const REQUEST = `GET ${"n".repeat(240)}\n`;
const AT_ONCE = 1000;

/** A server whose log goes to a file, a pipe or a device, and that nobody listens to. */
export class Muted implements AsyncDisposable {
  readonly process: Bun.Subprocess;
  readonly port: number;

  private constructor(process: Bun.Subprocess, port: number) {
    this.process = process;
    this.port = port;
  }

  /** @param redirect as in sh, such as `2>/dev/full` */
  static async start(root: string, redirect: string, ...flags: string[]): Promise<Muted> {
    const port = await deadPort();
    const serve = [BINARY, "serve", "--port", String(port), "--root", root, ...flags];
    const child = Bun.spawn(["sh", "-c", `exec "$0" "$@" ${redirect}`, ...serve], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      env: cleanEnvironment(),
    });
    const server = new Muted(child, port);
    for (;;) {
      const client = await FastClient.open(port).catch(() => undefined);
      client?.[Symbol.dispose]();
      if (client !== undefined) return server;
      if (child.exitCode !== null) throw new Error(`ended with status ${child.exitCode}`);
    }
  }

  async memory(): Promise<number> {
    const status = await Bun.file(`/proc/${this.process.pid}/status`).text();
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? "0") * 1024;
  }

  /** Has it log so many lines, each of about 600 bytes. */
  async noise(lines: number): Promise<void> {
    using client = await FastClient.open(this.port);
    for (let left = lines; left > 0; left -= AT_ONCE) {
      const some = Math.min(left, AT_ONCE);
      await client.send(REQUEST.repeat(some));
      for (let reply = 0; reply < some; reply++) {
        const line = await client.reply();
        if (!line.startsWith("550 not-found ")) throw new Error(line);
      }
    }
  }

  async stop(): Promise<number> {
    this.process.kill("SIGTERM");
    return this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}

/** A named pipe whose reader reads when it is told to. */
export class Fifo implements Disposable {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string) {
    Bun.spawnSync(["mkfifo", path]);
    this.path = path;
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** What there is to read now. */
  read(): string {
    const piece = Buffer.alloc(65_536);
    const pieces: Buffer[] = [];
    for (;;) {
      const bytes = this.#readInto(piece);
      if (bytes === 0) return Buffer.concat(pieces).toString();
      pieces.push(Buffer.from(piece.subarray(0, bytes)));
    }
  }

  #readInto(piece: Buffer): number {
    try {
      return readSync(this.#fd, piece);
    } catch {
      return 0;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Whether named pipes can be made here. */
export const hasFifo = Bun.which("mkfifo") !== null;
