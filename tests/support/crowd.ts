import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

/** How many files this process, and what it starts, may open. */
export function mostDescriptors(): number {
  try {
    const [, soft = "0"] =
      /^Max open files\s+([0-9]+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return Number(soft);
  } catch {
    return 0;
  }
}

/** How many connections are opened at the same time, so that none is lost in the queue. */
const AT_ONCE = 100;

/** Carries out something many times, so many at once. */
export async function many(
  count: number,
  work: (index: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}

/** What one of a crowd does once it is connected: what it sends at once, then byte by byte. */
export interface Habit {
  readonly first: string | Uint8Array;
  readonly drip: string | Uint8Array;
}

/** How often each of a crowd sends its next byte, in milliseconds. */
const DRIP_MS = 500;

/** Many connections that send little or nothing, and count when they are closed. */
export class Crowd implements Disposable {
  readonly #sockets: Socket[] = [];
  readonly #dripping: (() => void)[] = [];
  readonly #timer = setInterval(() => {
    for (const drip of this.#dripping) drip();
  }, DRIP_MS);
  /** How many the server has closed. */
  closed = 0;
  /** The last line that each of those got that was told why, each once. */
  readonly reasons = new Set<string>();

  /** Connects so many, and has each follow its habit. */
  async grow(port: number, count: number, habit: Habit, from = "127.0.0.1"): Promise<void> {
    await many(count, async () => {
      const socket = connect({ host: "127.0.0.1", port, localAddress: from, noDelay: true });
      this.#sockets.push(socket);
      const tail = { text: "" };
      socket.on("data", (piece: Buffer) => {
        tail.text = (tail.text + piece.toString("latin1")).slice(-200);
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.closed++;
        const [reason] = /^421 \w+/m.exec(tail.text) ?? [];
        if (reason !== undefined) this.reasons.add(reason);
      });
      await new Promise<void>((resolve) => {
        socket.once("connect", resolve);
        socket.once("close", () => resolve());
      });
      if (habit.first.length > 0) socket.write(habit.first);
      const drip = Buffer.from(habit.drip);
      let at = 0;
      if (drip.length === 0) return;
      this.#dripping.push(() => {
        if (!socket.destroyed && at < drip.length) socket.write(drip.subarray(at, ++at));
      });
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}
