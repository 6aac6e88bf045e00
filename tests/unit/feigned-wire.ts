import { spawnSync } from "bun";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { Connection } from "../../src/transport/connection.ts";
import type { Wire } from "../../src/transport/direct.ts";
import { TemporaryFolder } from "../support/programs.ts";

/** As much as the runtime reads at a time, in bytes. */
const RUNTIME_READS = 512 * 1024;
const scratch = Buffer.alloc(RUNTIME_READS);

/**
 * A socket whose other side is the test. Bytes lie in a pipe, and the test has the runtime take
 * them by calling `poll`. The connection sees the pipe's descriptor, unless it is to have none.
 */
export class FeignedWire implements Wire, Disposable {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 1;
  readonly #folder = new TemporaryFolder();
  readonly #reading: number;
  #writing: number;
  /** The pipe's end; -1 is what a closed socket has. */
  fd: number;
  isPaused = false;
  isClosed = false;

  constructor(hasDescriptor: boolean) {
    const path = this.#folder.join("pipe");
    spawnSync(["mkfifo", path]);
    this.#reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.fd = hasDescriptor ? this.#reading : -1;
  }

  write(_bytes: Uint8Array, _offset: number, length: number): number {
    return length;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  shutdown(): void {}

  end(): void {
    this.isClosed = true;
  }

  terminate(): void {
    this.isClosed = true;
  }

  /** The other side sends as many of the bytes as there is room for; gives their number. */
  send(bytes: Uint8Array): number {
    try {
      return writeSync(this.#writing, bytes);
    } catch {
      return 0;
    }
  }

  /** The other side has sent its last byte. */
  hangUp(): void {
    closeSync(this.#writing);
    this.#writing = -1;
  }

  /** The runtime looks at the socket once, and tells the connection. */
  poll(connection: Connection): void {
    if (this.isPaused) return;
    try {
      const length = readSync(this.#reading, scratch);
      if (length === 0) connection.onEnd();
      else connection.onData(Buffer.from(scratch.subarray(0, length)));
    } catch {
      // Nothing has come.
    }
  }

  [Symbol.dispose](): void {
    if (this.#writing >= 0) closeSync(this.#writing);
    closeSync(this.#reading);
    this.#folder[Symbol.dispose]();
  }
}
