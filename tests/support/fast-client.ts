import { connect, type Socket } from "node:net";
import { body, blockDigest, fileDigest } from "./wire.ts";

const LF = 0x0a;
/** More than this unread and the socket is paused, in bytes. */
const HIGH_WATER = 1024 * 1024;

/** A body as it came: every block's digest was compared, the file's is computed anew. */
export interface Received {
  readonly bytes: number;
  readonly digest: string;
  /** The line that ended it. */
  readonly end: string;
}

/** What a PUT is sent with. */
export interface PutOptions {
  readonly keys?: string;
  readonly content: Uint8Array;
}

/**
 * A client for many connections and large bodies: reads as fast as it can, keeps nothing it need
 * not, waits where the server does not read, and can refuse to read itself.
 */
export class FastClient implements Disposable {
  readonly socket: Socket;
  readonly #pieces: Buffer[] = [];
  #unread = 0;
  #frozen = false;
  #ended = false;
  #failure = "";
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#unread += piece.length;
      if (this.#unread > HIGH_WATER) socket.pause();
      this.#wakeReader();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wakeReader();
      this.#wakeWriter();
    };
    socket.on("drain", () => this.#wakeWriter());
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", (error) => {
      this.#failure ||= error.message;
      end();
    });
  }

  /** Connects, and reads nothing yet. */
  static async connect(port: number): Promise<FastClient> {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new FastClient(socket);
  }

  /** Connects and reads the greeting. */
  static async open(port: number): Promise<FastClient> {
    const client = await FastClient.connect(port);
    await client.line();
    return client;
  }

  /** Whether the server has closed, or the connection broke. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends bytes. Settles when more may be sent; a connection that is gone swallows them. */
  async send(data: string | Uint8Array): Promise<void> {
    if (this.#ended || this.socket.write(data)) return;
    await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
  }

  /** Sends a line. */
  sendLine(line: string): Promise<void> {
    return this.send(`${line}\n`);
  }

  /** Stores a file and gives the reply. */
  async put(path: string, { keys = "", content }: PutOptions): Promise<string> {
    await this.sendLine(`PUT ${path} size=${content.length}${keys}`);
    await this.send(body(content));
    return this.ask(`END digest=${fileDigest(content)}`);
  }

  /** Gets a file, from the reply `150` on. */
  async get(path: string): Promise<Received> {
    const begun = await this.ask(`GET ${path}`);
    if (!begun.startsWith("150 ")) throw new Error(`GET ${path} got ${begun}`);
    return this.body();
  }

  /** Sends a request and gives the reply. */
  async ask(line: string): Promise<string> {
    await this.sendLine(line);
    return this.reply();
  }

  /** The next line that does not only say that the server still works. */
  async reply(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (!line.startsWith("110 ")) return line;
    }
  }

  /** The next line; throws where the connection ends before it does. */
  async line(): Promise<string> {
    for (;;) {
      const found = this.#lineEnd();
      if (found !== undefined) return this.#take(found).toString("latin1").slice(0, -1);
      if (this.#ended) throw new Error(`closed instead of a line: ${this.#failure}`);
      await this.#more();
    }
  }

  /** The next `length` bytes. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#unread < length) {
      if (this.#ended) throw new Error(`closed instead of bytes: ${this.#failure}`);
      await this.#more();
    }
    return this.#take(length);
  }

  /** The body that comes now; lines `~` are passed over. */
  async body(): Promise<Received> {
    const digests: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const line = await this.line();
      if (line === "~") continue;
      const [, length, digest] = /^\+(\d+) ([0-9a-f]{16})$/.exec(line) ?? [];
      if (length === undefined || digest === undefined) {
        return { bytes, digest: blockDigest(Buffer.concat(digests)), end: line };
      }
      const content = await this.bytes(Number(length));
      if (blockDigest(content) !== digest) throw new Error(`the block at ${bytes} is damaged`);
      digests.push(Buffer.from(digest, "hex"));
      bytes += content.length;
    }
  }

  /** Every line up to the end of the connection. */
  async lines(): Promise<string[]> {
    while (!this.#ended) await this.#more();
    return this.#take(this.#unread).toString("latin1").split("\n").slice(0, -1);
  }

  /** Waits for the end of the connection and forgets what came before it. */
  async closed(): Promise<void> {
    while (!this.#ended) {
      this.#take(this.#unread);
      await this.#more();
    }
  }

  /** Takes nothing from the network any more. */
  freeze(): void {
    this.#frozen = true;
    this.socket.pause();
  }

  /** Reads again. */
  thaw(): void {
    this.#frozen = false;
    this.socket.resume();
  }

  /** Sends FIN. */
  finish(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #lineEnd(): number | undefined {
    let before = 0;
    for (const piece of this.#pieces) {
      const at = piece.indexOf(LF);
      if (at !== -1) return before + at + 1;
      before += piece.length;
    }
    return undefined;
  }

  #take(bytes: number): Buffer {
    const taken: Buffer[] = [];
    let left = bytes;
    while (left > 0) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      if (piece.length > left) this.#pieces.unshift(piece.subarray(left));
      const part = piece.subarray(0, left);
      taken.push(part);
      left -= part.length;
    }
    this.#unread -= bytes - left;
    if (!this.#frozen && this.socket.isPaused()) this.socket.resume();
    const [only] = taken;
    return only !== undefined && taken.length === 1 ? only : Buffer.concat(taken);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wakeReader = resolve));
  }
}
