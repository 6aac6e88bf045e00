import { connect, createServer, type Server, type Socket } from "node:net";
import { PassedRecords } from "./passed-records.ts";
import { listenAnywhere, portOf } from "./ports.ts";

/** Where in one direction of a connection something goes wrong. */
export interface Fault {
  /** Behind so many bytes of content, block headers not counted. */
  readonly afterContent?: number;
  /** In front of a line that matches and is not a block's header. */
  readonly beforeLine?: RegExp;
  /** Under TLS, where lines are not seen: when so many bytes of content went the other way. */
  readonly onceSent?: number;
  /**
   * - `cut`: what came before arrives, then the connection ends
   * - `reset`: it is reset at once
   * - `silence`: nothing passes any more, and the connection stays
   * - `hold`: nothing passes until `release`
   * - `flip`: a bit of the next byte is turned
   */
  readonly do: "cut" | "reset" | "silence" | "hold" | "flip";
}

/** What happens to one connection. */
export interface Plan {
  readonly toServer?: Fault;
  readonly toClient?: Fault;
  /** Everything is passed on in pieces of so many bytes. */
  readonly slice?: number;
}

/** What has passed in one direction. */
export interface Passed {
  /** The digests of the blocks that passed whole. */
  readonly blocks: string[];
  /** The lines that passed and are no block's header. */
  readonly lines: string[];
  /** @returns how many bytes of the piece pass; fewer than there are where the fault is reached */
  look(piece: Buffer): { readonly bytes: number; readonly fault: boolean };
}

/** What has passed in one direction, in the clear. */
class PassedText implements Passed {
  readonly blocks: string[] = [];
  readonly lines: string[] = [];
  #fault: Fault | undefined;
  #line = "";
  #left = 0;
  #digest = "";
  #content = 0;

  constructor(fault: Fault | undefined) {
    this.#fault = fault;
  }

  look(piece: Buffer): { readonly bytes: number; readonly fault: boolean } {
    let at = 0;
    let lineAt = 0;
    while (at < piece.length) {
      if (this.#left > 0) {
        const limit = this.#fault?.afterContent ?? Number.POSITIVE_INFINITY;
        const taken = Math.min(this.#left, piece.length - at, limit - this.#content);
        at += taken;
        this.#left -= taken;
        this.#content += taken;
        if (this.#left === 0) this.blocks.push(this.#digest);
        if (this.#content === limit) return this.#reached(at);
        lineAt = at;
        continue;
      }
      const end = piece.indexOf(0x0a, at);
      if (end === -1) {
        this.#line += piece.toString("latin1", at);
        return { bytes: piece.length, fault: false };
      }
      const line = this.#line + piece.toString("latin1", at, end);
      this.#line = "";
      const [, length, digest] = /^\+(\d+) ?(\w*)/.exec(line) ?? [];
      if (length !== undefined) {
        if (this.#fault?.afterContent === 0) return this.#reached(lineAt);
        this.#left = Number(length);
        this.#digest = digest ?? "";
      } else {
        if (this.#fault?.beforeLine?.test(line) === true) return this.#reached(lineAt);
        this.lines.push(line);
      }
      at = end + 1;
      lineAt = at;
    }
    return { bytes: piece.length, fault: false };
  }

  #reached(bytes: number): { readonly bytes: number; readonly fault: boolean } {
    this.#fault = undefined;
    return { bytes, fault: true };
  }
}

/** One connection that went through the proxy. */
export interface Passage {
  readonly toServer: Passed;
  readonly toClient: Passed;
}

/** Stands between clients and a server, and does to each connection what its plan says. */
export class FaultyProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #plans: Plan[];
  #faulted = Promise.withResolvers<void>();
  #released = Promise.withResolvers<void>();
  /** The connections so far, in order. */
  readonly passages: Passage[] = [];
  /** The port of the server that the next connection is led to. */
  server: number;
  /** Whether what passes is TLS. */
  encrypted = false;

  private constructor(listener: Server, server: number, plans: readonly Plan[]) {
    this.#listener = listener;
    this.server = server;
    this.#plans = [...plans];
  }

  /** @param plans of the first connection, the second, and so on; later ones pass untouched */
  static async start(server: number, ...plans: readonly Plan[]): Promise<FaultyProxy> {
    const listener = createServer({ allowHalfOpen: true });
    const proxy = new FaultyProxy(listener, server, plans);
    listener.on("connection", (client) => proxy.#connect(client));
    await listenAnywhere(listener);
    return proxy;
  }

  get port(): number {
    return portOf(this.#listener);
  }

  /** Settles when a fault of any connection was reached. */
  get faulted(): Promise<void> {
    return this.#faulted.promise;
  }

  /** How many whole blocks passed towards one side, over all connections. */
  blocks(side: keyof Passage): number {
    return this.passages.reduce((sum, passage) => sum + passage[side].blocks.length, 0);
  }

  /** Every line but block headers that passed towards one side, over all connections. */
  lines(side: keyof Passage): string[] {
    return this.passages.flatMap((passage) => passage[side].lines);
  }

  /** Says what happens to the next connection, the one behind it, and so on. */
  plan(...plans: readonly Plan[]): void {
    for (const [index, plan] of plans.entries()) this.#plans[this.passages.length + index] = plan;
  }

  /** Lets pass what is held. */
  release(): void {
    this.#released.resolve();
  }

  /** Cuts every connection that there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.cutAll();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #connect(client: Socket): void {
    const plan = this.#plans[this.passages.length] ?? {};
    const passage = this.encrypted ? passageOfRecords(plan) : passageOfText(plan);
    this.passages.push(passage);
    const server = connect({ host: "127.0.0.1", port: this.server, allowHalfOpen: true });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => this.#sockets.delete(one));
    }
    void this.#pass(client, server, passage.toServer, plan.toServer, plan.slice);
    void this.#pass(server, client, passage.toClient, plan.toClient, plan.slice);
  }

  async #pass(
    from: Socket,
    to: Socket,
    passed: Passed,
    fault: Fault | undefined,
    slice = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    let turned = false;
    try {
      const pieces = (from as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
        const all = next.value;
        for (let at = 0; at < all.length;) {
          const piece = all.subarray(at, at + slice);
          if (turned) piece[0] = (piece[0] ?? 0) ^ 0x10;
          turned = false;
          const { bytes, fault: reached } = passed.look(piece);
          at += bytes;
          if (bytes > 0) await write(to, piece.subarray(0, bytes));
          if (!reached) continue;
          this.#faulted.resolve();
          if (fault?.do === "cut" || fault?.do === "reset") return end(from, to, fault.do);
          // What is silenced is read on, so that nobody notices by a full buffer or by an end.
          if (fault?.do === "silence") while ((await pieces.next()).done !== true);
          if (fault?.do === "silence") return;
          if (fault?.do === "flip") turned = true;
          else await this.#released.promise;
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}

function passageOfText({ toServer, toClient }: Plan): Passage {
  return { toServer: new PassedText(toServer), toClient: new PassedText(toClient) };
}

function passageOfRecords(plan: Plan): Passage {
  // The client's first record of data ends the handshake.
  const begun = (): boolean => toServer.records > 1;
  const toServer = new PassedRecords(plan.toServer, begun);
  return { toServer, toClient: new PassedRecords(plan.toClient, begun, () => toServer.content) };
}

async function write(to: Socket, bytes: Uint8Array): Promise<void> {
  if (to.write(bytes) || to.destroyed) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      to.off("drain", goOn).off("close", goOn);
      resolve();
    };
    to.once("drain", goOn).once("close", goOn);
  });
}

function end(from: Socket, to: Socket, how: "cut" | "reset"): void {
  if (how === "reset") {
    from.resetAndDestroy();
    to.resetAndDestroy();
  } else {
    to.end();
    from.destroy();
  }
}
