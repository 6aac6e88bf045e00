import { expect, test } from "bun:test";
import { LogStream } from "../../src/cli/log-stream.ts";

/** A pipe whose reader reads when it is told to, or which breaks. */
class Pipe {
  readonly read: string[] = [];
  failing = false;
  #waiting: { text: string; done: (error?: Error | null) => void }[] = [];

  write(text: string, done: (error?: Error | null) => void): void {
    this.#waiting.push({ text, done });
  }

  get waiting(): number {
    return this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }

  readAll(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!this.failing) this.read.push(next.text);
      next.done(this.failing ? new Error("ENOSPC") : null);
    }
  }
}

const lost = (lines: number): string => `${lines} lost\n`;
const LINE = `${"x".repeat(99)}\n`;

test("what nobody reads is bounded and counted, and the count is told once there is room", () => {
  const pipe = new Pipe();
  const log = new LogStream(pipe, lost);
  for (let count = 0; count < 100_000; count++) log.line(LINE);
  expect(pipe.waiting).toBeLessThanOrEqual(256 * 1024);
  pipe.readAll();
  const kept = pipe.read.filter((line) => line === LINE).length;
  expect(kept).toBeGreaterThan(2000);
  expect(pipe.read.at(-1)).toBe(`${100_000 - kept} lost\n`);
  log.line("next\n");
  pipe.readAll();
  expect(pipe.read.at(-1)).toBe("next\n");
  expect(pipe.read.filter((line) => line.endsWith("lost\n"))).toHaveLength(1);
});

test("what could not be written is counted, and told when writing works again", () => {
  const pipe = new Pipe();
  const log = new LogStream(pipe, lost);
  pipe.failing = true;
  for (let count = 0; count < 10; count++) {
    log.line(LINE);
    pipe.readAll();
  }
  pipe.failing = false;
  log.line("next\n");
  pipe.readAll();
  expect(pipe.read).toEqual(["10 lost\n", "next\n"]);
});
