import { isCut, without } from "../faults/faults.ts";
import { SYSTEM } from "../platform/system.ts";
import { describe } from "./broken.ts";
import type { Wire } from "./direct.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import type { Peer } from "./proxy-header.ts";

/** The connection is gone: what was not yet acknowledged may not have arrived. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** How long a closed connection waits for the other side to read the last words, in milliseconds. */
const LINGER_MS = 2000;

export interface ConnectionOptions {
  /** Who is behind the proxy that has opened the socket, where one has. */
  readonly peer?: Peer | undefined;
  /** Whether what arrives can be read by the descriptor: see `readNow`. */
  readonly isPlain?: boolean;
}

/**
 * One TCP connection with what Bun's sockets lack: what the kernel does not take is kept and sent
 * later, there is backpressure both ways, and a close that loses nothing.
 */
export class Connection {
  /** The other side without its port. */
  readonly remoteAddress: string;
  readonly #remotePort: number | "gone";
  /** When it came about, of `performance.now()`: before any handshake. */
  readonly openedAt = performance.now();
  readonly #socket: Wire;
  readonly #outgoing = new Outgoing();
  readonly #incoming: Incoming;
  /** Each is there only where somebody waits: of connections that wait there are many. */
  #drainWaiters: (() => void)[] | undefined;
  #end: PromiseWithResolvers<void> | undefined;
  #closing: PromiseWithResolvers<void> | undefined;
  #isClosed = false;
  #sent = 0;
  #flushScheduled = false;
  #kernelFull = false;
  #finishing = false;
  #lingering = false;
  #lost: ConnectionLost | undefined;

  constructor(socket: Wire, { peer, isPlain = false }: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#incoming = new Incoming(socket, isPlain && SYSTEM.readsSockets);
    this.remoteAddress = peer?.address ?? socket.remoteAddress;
    this.#remotePort = peer?.port ?? socket.remotePort ?? "gone";
  }

  /** The other side, as `address:port`. */
  get remote(): string {
    const { remoteAddress: address } = this;
    return `${address.includes(":") ? `[${address}]` : address}:${this.#remotePort}`;
  }

  /** Bytes that were written and have not been handed to the kernel, or it has not taken them. */
  get queued(): number {
    return this.#outgoing.bytes;
  }

  /** Whether the kernel takes no more: the other side does not read fast enough. */
  get isFull(): boolean {
    return this.#kernelFull;
  }

  /** Settles when the connection is wholly closed, for whatever reason. */
  get closed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#closing ??= Promise.withResolvers();
    return this.#closing.promise;
  }

  /** Settles when the other side has sent its last byte, or the connection is lost. */
  get ended(): Promise<void> {
    if (this.isLost || this.#incoming.hasEnded) return Promise.resolve();
    this.#end ??= Promise.withResolvers();
    return this.#end.promise;
  }

  /** Whether the connection is gone, and writing to it is useless. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#incoming.received;
  }

  /** Bytes that the kernel has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether somebody waits for the other side to send. */
  get isAwaited(): boolean {
    return this.#incoming.isAwaited;
  }

  /** For how long nothing has arrived that was waited for, and nothing was taken, in milliseconds. */
  get silence(): number {
    return this.#incoming.silence;
  }

  /** Counts the silence from now on. */
  restartSilence(): void {
    if (!this.#incoming.isAwaited) this.#incoming.heard();
  }

  /**
   * Queues bytes, or a line in ASCII, to be sent in order. After the connection is lost this does
   * nothing; reading tells.
   * @param onTaken told when the kernel has all of the bytes, of which a view is kept until then: they
   * must not change before. It is not told where the connection is lost.
   */
  write(data: Uint8Array | string, onTaken?: () => void): void {
    if (this.#lost !== undefined || this.#finishing) return;
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    const isEnough = this.#outgoing.add(bytes, onTaken);
    if (this.#kernelFull) return;
    if (isEnough) {
      this.#flush();
    } else if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      // Behind all that is written for the same news: of many small files, each call of the system
      // costs more than the file.
      setImmediate(() => {
        this.#flushScheduled = false;
        this.#flush();
      });
    }
  }

  /**
   * Waits until little enough is queued that more may be written. Returns at once where that is so.
   * @throws {ConnectionLost}
   */
  async drained(): Promise<void> {
    while (this.#lost === undefined && this.#mustDrain) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drainWaiters ??= [];
      this.#drainWaiters.push(resolve);
      await promise;
    }
    if (this.#lost !== undefined) throw this.#lost;
  }

  /**
   * The next piece that arrived, or `undefined` after the other side has sent its last byte. One
   * caller at a time. While nobody reads, little is taken from the network.
   * @throws {ConnectionLost} when the connection broke.
   */
  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.read();
  }

  /**
   * Takes what has arrived straight from the kernel into these buffers, one after the other, where
   * that can be and nothing that came before waits for `read`. From then on the runtime takes nothing
   * until `read` has nothing: so a byte is copied once, and what nobody takes stays with the sender.
   * @returns how many bytes; 0 where `read` is to be asked
   */
  async takeInto(buffers: readonly Uint8Array[]): Promise<number> {
    try {
      const taken = await this.#incoming.takeInto(buffers);
      if (!(globalThis.FAULT_LAB && taken > 0 && isCut("receive"))) return taken;
      this.destroy("cut");
    } catch (error) {
      this.destroy(describe(error));
    }
    return 0;
  }

  /** Nobody reads for a while: whether the other side ends is noticed all the same. */
  rest(): void {
    this.#incoming.rest();
  }

  /**
   * Sends what is queued, however long that takes, then FIN, drops what still comes in, and waits for
   * the other side to close, so that the last words are not lost to a reset; for that not longer than
   * two seconds.
   */
  async finish(): Promise<void> {
    if (!this.#finishing) {
      this.#finishing = true;
      this.#incoming.discard();
      this.#flush();
    }
    return this.closed;
  }

  /** Cuts the connection at once. Whoever reads or waits gets `ConnectionLost` with this reason. */
  destroy(reason: string): void {
    this.#lose(reason);
    this.#socket.terminate();
  }

  /** The runtime has read a piece. Like the three that follow, for the socket's handlers alone. */
  onData(piece: Uint8Array): void {
    if (globalThis.FAULT_LAB && isCut("receive")) return this.destroy("cut");
    this.#incoming.arrived(piece);
  }

  /** The kernel takes more. */
  onDrain(): void {
    // Who takes what is sent is alive.
    this.#incoming.heard();
    this.#kernelFull = false;
    this.#flush();
  }

  /** The other side has sent its last byte. */
  onEnd(): void {
    this.#incoming.end();
    this.#end?.resolve();
    if (this.#finishing && this.#outgoing.isEmpty) this.#socket.end();
  }

  /** The socket is closed. */
  onClose(reason: string): void {
    this.#lose(reason);
    this.#isClosed = true;
    this.#closing?.resolve();
  }

  get #mustDrain(): boolean {
    if (globalThis.FAULT_LAB && without("backpressure")) return false;
    return this.#outgoing.isMuch;
  }

  #lose(reason: string): void {
    this.#lost ??= new ConnectionLost(reason);
    this.#end?.resolve();
    this.#outgoing.clear();
    this.#incoming.fail(this.#lost);
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    const waiting = this.#drainWaiters;
    this.#drainWaiters = undefined;
    for (const wake of waiting ?? []) wake();
  }

  #flush(): void {
    while (!this.#kernelFull) {
      const next = this.#outgoing.take();
      if (next === undefined) break;
      if (globalThis.FAULT_LAB && isCut("send")) return this.destroy("cut");
      const { bytes, onTaken } = next;
      const taken = this.#socket.write(bytes, 0, bytes.length);
      if (taken < 0) return;
      this.#sent += taken;
      if (taken < bytes.length) {
        this.#outgoing.putBack({ bytes: bytes.subarray(taken), onTaken });
        this.#kernelFull = true;
      } else onTaken?.();
    }
    if (!this.#mustDrain) this.#wakeWriters();
    if (this.#finishing && this.#outgoing.isEmpty) {
      if (this.#incoming.hasEnded) this.#socket.end();
      else this.#linger();
    }
  }

  /** What is queued has gone: only now does the time run that the other side has for reading it. */
  #linger(): void {
    if (this.#lingering) return;
    this.#lingering = true;
    this.#socket.shutdown();
    const timer = setTimeout(() => this.#socket.end(), LINGER_MS);
    void this.closed.then(() => clearTimeout(timer));
  }
}
