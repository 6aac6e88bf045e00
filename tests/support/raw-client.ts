import { connect as connectSocket, type Socket } from "node:net";

/** A conversation byte by byte, as with netcat: what a client may not do can be done with it. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  /** The server's first line. */
  greeting = "";
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  /** Connects and reads the greeting. */
  static async open(port: number): Promise<RawClient> {
    const socket = connectSocket({ host: "127.0.0.1", port, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return RawClient.over(socket);
  }

  /** Reads the greeting of a connection that there is, such as one over TLS. */
  static async over(socket: Socket): Promise<RawClient> {
    const client = new RawClient(socket);
    client.greeting = await client.line();
    return client;
  }

  /** Sends bytes as they are. */
  send(...pieces: (string | Uint8Array)[]): this {
    for (const piece of pieces) this.socket.write(piece);
    return this;
  }

  /** Sends a line. */
  sendLine(line: string): this {
    return this.send(`${line}\n`);
  }

  /** The next line; throws where the server closes before its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf(0x0a);
      if (end !== -1)
        return this.#take(end + 1)
          .toString("latin1")
          .slice(0, -1);
      if (this.#ended) throw new Error(`closed instead of a line: ${this.#received.toString()}`);
      await this.#more();
    }
  }

  /** The next line that is not just a sign of life. */
  async reply(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (!line.startsWith("110 ")) return line;
    }
  }

  /** The next `length` bytes. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#received.length < length) {
      if (this.#ended) throw new Error("closed instead of bytes");
      await this.#more();
    }
    return this.#take(length);
  }

  /** A body: its content, and the line that ended it. Lines `~` are passed over. */
  async body(): Promise<{ content: Buffer; end: string }> {
    const blocks: Buffer[] = [];
    for (;;) {
      const line = await this.line();
      const length = /^\+(\d+)/.exec(line)?.[1];
      if (length !== undefined) blocks.push(await this.bytes(Number(length)));
      else if (line !== "~") return { content: Buffer.concat(blocks), end: line };
    }
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    return this.#take(this.#received.length).toString("latin1");
  }

  /** Sends FIN. */
  finish(): this {
    this.socket.end();
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
