import type { Socket } from "bun";
import { readSync } from "node:fs";
import { codeOf } from "./connect-failed.ts";
import { Connection } from "./connection.ts";
import { ProxyHeader, type Introduction, type Peer } from "./proxy-header.ts";
import type { Receptionist, Refusal } from "./reception.ts";

/** How long a proxy may take to say who has come, in milliseconds. */
const INTRODUCTION_MS = 5000;
/** The pauses in which it is looked for grow from the first to the last, in milliseconds. */
const FIRST_LOOK_MS = 1;
const LAST_LOOK_MS = 20;

/** Waits for what proxies say, ahead of everything else on their connections. */
export class Introductions {
  readonly #reception: Pick<Receptionist<never>, "proxies" | "expect">;
  readonly #refuse: (socket: Socket<undefined>, refusal: Refusal) => void;
  /** Those that are waited for, and how to leave off. */
  readonly #waiting = new Map<Socket<undefined>, () => void>();

  /**
   * @param reception knows whose word is taken, and how many may be waited for
   * @param refuse closes one that is turned away
   */
  constructor(
    reception: Pick<Receptionist<never>, "proxies" | "expect">,
    refuse: (socket: Socket<undefined>, refusal: Refusal) => void,
  ) {
    this.#reception = reception;
    this.#refuse = refuse;
  }

  /**
   * Begins with a socket that was just opened: at once, or where a proxy has opened it, as soon as it
   * has said for whom. That is read by the descriptor: the runtime would read on, into what is TLS.
   */
  meet(
    socket: Socket<undefined>,
    descriptor: number,
    begin: (socket: Socket<undefined>, peer: Peer | undefined) => void,
  ): void {
    if (this.#reception.proxies?.include(socket.remoteAddress) !== true) {
      begin(socket, undefined);
      return;
    }
    const expected = this.#reception.expect(new Connection(socket), descriptor);
    if (typeof expected !== "function") {
      this.#refuse(socket, expected);
      return;
    }
    this.#wait(socket, descriptor, expected, (who) =>
      begin(socket, who === "itself" ? undefined : who),
    );
  }

  #wait(
    socket: Socket<undefined>,
    descriptor: number,
    noLonger: () => void,
    introduced: (who: Introduction) => void,
  ): void {
    const header = new ProxyHeader();
    const deadline = performance.now() + INTRODUCTION_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pause = FIRST_LOOK_MS;
    const look = (): void => {
      let who: Introduction | undefined;
      try {
        who = readHeader(header, descriptor);
      } catch {
        this.closed(socket);
        socket.terminate();
        return;
      }
      if (who !== undefined) {
        this.closed(socket);
        introduced(who);
        socket.resume();
      } else if (performance.now() > deadline) {
        this.closed(socket);
        socket.terminate();
      } else {
        timer = setTimeout(look, pause);
        pause = Math.min(LAST_LOOK_MS, 2 * pause);
      }
    };
    socket.pause();
    this.#waiting.set(socket, () => {
      clearTimeout(timer);
      noLonger();
    });
    look();
  }

  /** A socket is closed, or needs no more waiting: its descriptor may be another's from now on. */
  closed(socket: Socket<undefined>): void {
    this.#waiting.get(socket)?.();
    this.#waiting.delete(socket);
  }

  /** Cuts all that are waited for. */
  end(): void {
    for (const socket of this.#waiting.keys()) {
      this.closed(socket);
      socket.terminate();
    }
  }
}

/** Reads on; `undefined` where more has to come first. Throws where nothing of use can come. */
function readHeader(header: ProxyHeader, descriptor: number): Introduction | undefined {
  for (let { wanted } = header; wanted > 0; { wanted } = header) {
    const piece = Buffer.alloc(wanted);
    let length: number;
    try {
      length = readSync(descriptor, piece, 0, wanted, null);
    } catch (error) {
      if (codeOf(error) === "EAGAIN") return undefined;
      throw error;
    }
    if (length === 0) throw new Error("closed");
    header.push(piece.subarray(0, length));
  }
  return header.said;
}
