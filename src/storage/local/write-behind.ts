import { shortened, without } from "../../faults/faults.ts";
import { skipBytes } from "./skip-bytes.ts";

/** Bytes that one call of the system writes at most; as measured, larger ones are not faster. */
const WRITE_BYTES = 1024 * 1024;
/** How many calls may be under way at once; as measured, more are not faster. */
const IN_FLIGHT = 3;

/** How far behind its end a file may have holes while it is written, in bytes. */
export const UNORDERED_BYTES = (IN_FLIGHT + 1) * WRITE_BYTES;

/** What is needed of an open file. */
interface Writable {
  writev(
    buffers: readonly Uint8Array[],
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
}

/**
 * Writes a file front to back, while more comes in: blocks are gathered into positional writes, a
 * few of which are under way at once. Keeps at most a few megabytes.
 */
export class WriteBehind {
  readonly #file: Writable;
  readonly #running = new Set<Promise<void>>();
  #gathered: Uint8Array[] = [];
  /** Whom to tell when what is gathered is written. */
  #waiting: (() => void)[] = [];
  #gatheredBytes = 0;
  #position: number;
  #failure: { readonly error: unknown } | undefined;

  /** @param position where the first byte goes */
  constructor(file: Writable, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /**
   * Takes bytes, which must not change until `onWritten` is called; never, where writing fails.
   * @returns nothing, or what to wait for before more is given. It rejects when a write failed.
   */
  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined {
    this.#gathered.push(bytes);
    if (onWritten !== undefined) this.#waiting.push(onWritten);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes < WRITE_BYTES && this.#failure === undefined) return undefined;
    this.#start();
    return this.#running.size < IN_FLIGHT && this.#failure === undefined ? undefined : this.#wait();
  }

  /** Waits until everything is written. */
  async finish(): Promise<void> {
    this.#start();
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #wait(): Promise<void> {
    if (this.#running.size >= IN_FLIGHT) await Promise.race(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): void {
    if (this.#gatheredBytes === 0 || this.#failure !== undefined) return;
    const buffers = this.#gathered;
    const waiting = this.#waiting;
    const position = this.#position;
    this.#position += this.#gatheredBytes;
    this.#gathered = [];
    this.#waiting = [];
    this.#gatheredBytes = 0;
    const running = this.#writeAll(buffers, position)
      .then(() => waiting.forEach((tell) => tell()))
      .catch((error: unknown) => {
        if (!(globalThis.FAULT_LAB && without("write-errors"))) this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #writeAll(buffers: readonly Uint8Array[], position: number): Promise<void> {
    let rest = buffers;
    let at = position;
    while (rest.length > 0) {
      const from = globalThis.FAULT_LAB ? shortened("write", rest) : rest;
      const { bytesWritten } = await this.#file.writev(from, at);
      // A system that takes nothing and names no error would be asked for ever.
      if (bytesWritten === 0) throw Object.assign(new Error("nothing written"), { code: "ENOSPC" });
      at += bytesWritten;
      rest = skipBytes(rest, bytesWritten);
    }
  }
}
