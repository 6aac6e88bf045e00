import { connect, createServer, type Server, type Socket } from "node:net";
import { listenAnywhere, portOf } from "../support/ports.ts";

/**
 * What is done to a request, or to its answer:
 * - `cut`: the connection breaks before the request reaches the store
 * - `lose`: the store does what it is asked, and its answer is lost
 * - `halve`: the answer breaks off in the middle of its body, or of its head where it has none
 * - `short`: the answer's body has a byte less, and says so
 * - `hang`: nothing ever comes
 * - `hold`: the answer waits until it is released
 * - `nonsense`: an answer that is no answer of a store
 * - a status and the store's word for it
 */
export type Fault =
  | "cut"
  | "lose"
  | "halve"
  | "short"
  | "hang"
  | "hold"
  | "nonsense"
  | { readonly status: number; readonly code: string };

/** A request that came, as far as tests tell them apart. */
export interface Asked {
  readonly method: string;
  /** The path with its query, as it was sent. */
  readonly target: string;
  /** The headers as they came, with the first line. */
  readonly head: string;
  /** How many came before that matched as well. */
  readonly count: number;
}

/** Which fault a request meets, if any. */
export type Plan = (asked: Asked) => Fault | undefined;

/** Stands between a server and its store, and does to each request what the plan says. */
export class FaultyStore implements AsyncDisposable {
  readonly #listener: Server;
  readonly #store: number;
  readonly #sockets = new Set<Socket>();
  readonly #released = Promise.withResolvers<void>();
  readonly #held = Promise.withResolvers<void>();
  /** What was asked for, faults or not: `PUT /bucket/key?query`. */
  readonly asked: string[] = [];
  plan: Plan = () => undefined;
  /** How many requests met a fault. */
  faults = 0;

  private constructor(listener: Server, store: number) {
    this.#listener = listener;
    this.#store = store;
  }

  /** @param endpoint of the store */
  static async start(endpoint: string): Promise<FaultyStore> {
    const listener = createServer({ allowHalfOpen: true });
    const proxy = new FaultyStore(listener, Number(new URL(endpoint).port));
    listener.on("connection", (socket) => {
      proxy.#sockets.add(socket);
      socket.on("close", () => proxy.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      void proxy.#serve(socket).catch(() => socket.destroy());
    });
    await listenAnywhere(listener);
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${portOf(this.#listener)}`;
  }

  /** Settles when an answer is held. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  /** Lets go what is held, and holds nothing more. */
  release(): void {
    this.#released.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  /** One request a connection: the answer says that it is closed. */
  async #serve(socket: Socket): Promise<void> {
    const request = await readMessage(socket);
    if (request === undefined) return;
    const [method = "", target = ""] = request.head.split(" ");
    const name = `${method} ${target}`;
    const count = this.asked.length;
    this.asked.push(name);
    const fault = this.plan({ method, target, head: request.head, count });
    if (fault !== undefined) this.faults++;
    if (fault === "cut") {
      socket.destroy();
      return;
    }
    if (fault === "hang") return;
    if (typeof fault === "object") return reply(socket, fault.status, errorXml(fault.code));
    if (fault === "nonsense") return reply(socket, 200, "<html>Please log in</html>");
    const answer = await this.#ask(request);
    if (fault === "hold") {
      this.#held.resolve();
      await this.#released.promise;
    }
    if (fault === "lose") {
      socket.destroy();
      return;
    }
    const at = answer.indexOf("\r\n\r\n") + 4;
    if (fault === "halve") {
      const part = answer.subarray(0, at < answer.length ? (at + answer.length) >> 1 : at >> 1);
      socket.end(part, () => socket.destroy());
    } else if (fault === "short") {
      const length = Math.max(0, answer.length - at - 1);
      const head = answer
        .subarray(0, at)
        .toString("latin1")
        .replace(/^content-length: \d+/im, `Content-Length: ${length}`);
      socket.end(Buffer.concat([Buffer.from(head, "latin1"), answer.subarray(at, at + length)]));
    } else {
      socket.end(answer);
    }
  }

  async #ask({ head, body }: Message): Promise<Buffer> {
    const store = connect({ host: "127.0.0.1", port: this.#store });
    this.#sockets.add(store);
    const once = head.replace(/^connection: .*$/im, "Connection: close");
    store.write(`${once}\r\n\r\n`, "latin1");
    store.write(body);
    const pieces: Buffer[] = [];
    for await (const piece of store as AsyncIterable<Buffer>) pieces.push(piece);
    this.#sockets.delete(store);
    return Buffer.concat(pieces);
  }
}

interface Message {
  /** Without the empty line behind it. */
  readonly head: string;
  readonly body: Buffer;
}

async function readMessage(socket: Socket): Promise<Message | undefined> {
  let bytes = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let wanted = Infinity;
  let have = 0;
  let head = "";
  const { promise, resolve } = Promise.withResolvers<Message | undefined>();
  socket.on("data", (piece: Buffer) => {
    if (head === "") {
      bytes = Buffer.concat([bytes, piece]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) return;
      head = bytes.subarray(0, end).toString("latin1");
      wanted = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      pieces.push(bytes.subarray(end + 4));
    } else pieces.push(piece);
    have = pieces.reduce((sum, { length }) => sum + length, 0);
    if (have >= wanted) resolve({ head, body: Buffer.concat(pieces) });
  });
  socket.on("close", () => resolve(undefined));
  return promise;
}

function reply(socket: Socket, status: number, body: string): void {
  const head = `HTTP/1.1 ${status} X\r\nContent-Type: application/xml\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function errorXml(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as planned</Message></Error>`;
}
