import { afterAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { until, write } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { deadPort } from "../../support/ports.ts";
import { BINARY, cleanEnvironment, connect, TemporaryFolder } from "../../support/programs.ts";

const MIB = 1024 * 1024;
/** Requests that fail: each has a line in the log that repeats their long name. */
const REQUEST = `GET ${"n".repeat(240)}\n`;
const AT_ONCE = 1000;

/** A server whose log goes to a file, a pipe or a device, and that nobody listens to. */
class Muted implements AsyncDisposable {
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
class Fifo implements Disposable {
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

const hasFifo = Bun.which("mkfifo") !== null;

describe.skipIf(!hasFifo)("a log that nobody reads", () => {
  const WAYS: readonly [what: string, redirect: (fifo: string) => string, flags: string[]][] = [
    ["lines for people", (fifo) => `2>"${fifo}"`, []],
    ["--json", (fifo) => `>"${fifo}"`, ["--json"]],
  ];
  for (const [what, redirect, flags] of WAYS) {
    test(`${what}: neither holds up the server nor grows in it, and says what was lost`, async () => {
      using folder = new TemporaryFolder();
      using fifo = new Fifo(folder.join("log"));
      await using server = await Muted.start(folder.join("root"), redirect(fifo.path), ...flags);
      await server.noise(5000);
      // What follows is more than 30 MB of lines, of which none may be kept.
      expect(await growthDuring(server, () => server.noise(40_000))).toBeLessThan(24 * MIB);
      let read = "";
      const told = /(\d+) lines of the log were lost|"event":"lost","lines":(\d+)/;
      await until(() => told.test((read += fifo.read())));
      const [, people = "", programs = ""] = told.exec(read) ?? [];
      const lost = Number(people || programs);
      const failed = read.split("n".repeat(240)).length - 1;
      expect(lost).toBeGreaterThan(30_000);
      // In a message the name stands a second time.
      expect(lost + failed / 2).toBeGreaterThan(44_000);
      await server.noise(100);
      await until(() => (read += fifo.read()).split("n".repeat(240)).length - 1 >= failed + 200);
      expect(read.match(new RegExp(told, "g"))).toHaveLength(1);
    });
  }

  test("does not keep it from stopping", async () => {
    using folder = new TemporaryFolder();
    using fifo = new Fifo(folder.join("log"));
    await using server = await Muted.start(folder.join("root"), `2>"${fifo.path}"`);
    await server.noise(5000);
    expect(await server.stop()).toBe(0);
  });
});

describe.skipIf(process.platform !== "linux")("a log to a disk that is full (Linux only)", () => {
  test("/dev/full: everybody is served", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("root/f"), "f");
    await using server = await Muted.start(folder.join("root"), "2>/dev/full");
    await server.noise(1000);
    const ran = await connect(folder.join("client"), server.port, "GET f; PUT f g");
    expect(ran.status).toBe(0);
    expect(await server.stop()).toBe(0);
  });

  const disk = new TemporaryFolder();
  const mounted =
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.path]).exitCode === 0;
  afterAll(() => {
    if (mounted) Bun.spawnSync(["umount", disk.path]);
    disk[Symbol.dispose]();
  });

  test.skipIf(!mounted)(
    `a disk that fills and is emptied: served all the time, and logged again${mounted ? "" : " (needs the right to mount)"}`,
    async () => {
      using folder = new TemporaryFolder();
      write(disk.join("filler"), Buffer.alloc(128 * 1024));
      const log = disk.join("log");
      await using server = await Muted.start(folder.join("root"), `2>>"${log}"`);
      await server.noise(2000);
      expect(statSync(log).size).toBeLessThan(160 * 1024);
      unlinkSync(disk.join("filler"));
      using client = await FastClient.open(server.port);
      expect(await client.ask("MKDIR after")).toBe("250");
      const text = readFileSync(log, "utf8");
      expect(text).toMatch(/\d{3,} lines of the log were lost\n/);
      expect(text).toMatch(/MKDIR after\n$/);
    },
  );
});
