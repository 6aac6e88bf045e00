import type { Socket, TLSOptions } from "bun";
import { loadIdentity, type Identity } from "../../src/security/identity.ts";
import { TemporaryFolder } from "./programs.ts";

export const ALPN = "\u000bsimpleftp/1";
const TLS_1_3 = 0x0304;

/** A key and a certificate that nobody knows. */
export async function strangeIdentity(): Promise<Identity> {
  using folder = new TemporaryFolder();
  return await loadIdentity(folder.path);
}

interface Listening extends Disposable {
  readonly port: number;
}

/** Somebody in the place of a server, over TLS, who notes down every line that a client sends. */
export class Impostor implements Disposable {
  readonly #listener: Listening;
  readonly pin: string;
  readonly heard: string[];

  private constructor(listener: Listening, pin: string, heard: string[]) {
    this.#listener = listener;
    this.pin = pin;
    this.heard = heard;
  }

  /**
   * @param play gives what is sent: first as the greeting, then to each line that comes
   * @param tls what is unusual about it
   */
  static async start(
    play: (line: string | undefined) => string,
    tls: TLSOptions & { readonly maxVersion?: number } = {},
    identity?: Identity,
  ): Promise<Impostor> {
    const { pin, key, cert } = identity ?? (await strangeIdentity());
    const heard: string[] = [];
    let rest = "";
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key, cert, ALPNProtocols: ALPN, ...tls },
      socket: {
        handshake: (socket) => {
          const greeting = play(undefined);
          if (greeting !== "") socket.write(greeting);
        },
        data: (socket, piece) => {
          const lines = (rest + piece.toString("latin1")).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            heard.push(line);
            socket.write(play(line));
          }
        },
        error: () => undefined,
      },
    });
    return new Impostor(disposable(listener), pin, heard);
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

/** Somebody in the middle who ends TLS on both sides, with a key of their own. */
export class Interceptor implements Disposable {
  readonly #listener: Listening;
  readonly pin: string;
  /** All that the client and the server have sent, in the clear. */
  readonly fromClient: string[];
  readonly fromServer: string[];

  private constructor(listener: Listening, pin: string, heard: [string[], string[]]) {
    this.#listener = listener;
    this.pin = pin;
    [this.fromClient, this.fromServer] = heard;
  }

  /** @param change what becomes of what the server sends */
  static async start(
    server: number,
    change: (text: string) => string = (text) => text,
  ): Promise<Interceptor> {
    const { pin, key, cert } = await strangeIdentity();
    const heard: [string[], string[]] = [[], []];
    const [fromClient, fromServer] = heard;
    const behind = new WeakMap<Socket<undefined>, Promise<Socket<undefined>>>();
    const listener = Bun.listen<undefined>({
      hostname: "127.0.0.1",
      port: 0,
      data: undefined,
      tls: { key, cert, ...VERSIONS },
      socket: {
        handshake: (client) => {
          const opening = Bun.connect<undefined>({
            hostname: "127.0.0.1",
            port: server,
            data: undefined,
            tls: { rejectUnauthorized: false, ...VERSIONS },
            socket: {
              data: (_, piece) => {
                const text = change(piece.toString("latin1"));
                fromServer.push(text);
                client.write(Buffer.from(text, "latin1"));
              },
              close: () => void client.end(),
              error: () => undefined,
            },
          });
          behind.set(client, opening);
        },
        data: (client, piece) => {
          fromClient.push(piece.toString("latin1"));
          void behind.get(client)?.then((socket) => socket.write(piece));
        },
        close: (client) => void behind.get(client)?.then((socket) => socket.end()),
        error: () => undefined,
      },
    });
    return new Interceptor(disposable(listener), pin, heard);
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

const VERSIONS = { minVersion: TLS_1_3, ALPNProtocols: ALPN };

function disposable(listener: { readonly port: number; stop(force: boolean): void }): Listening {
  return { port: listener.port, [Symbol.dispose]: () => listener.stop(true) };
}
