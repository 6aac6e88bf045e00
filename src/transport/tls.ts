import type { Socket } from "bun";
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { ConnectFailed, within } from "./connect-failed.ts";
import { Connection } from "./connection.ts";
import { handlersOf, type Connections } from "./handlers.ts";
import { descriptorOf, type Listener, type Receptionist, type Refusal } from "./tcp.ts";

const PROTOCOL = "simpleftp/1";
/** As ALPN has it on the wire (RFC 7301): each name behind its length. */
const ALPN = `${String.fromCharCode(PROTOCOL.length)}${PROTOCOL}`;
/** TLS 1.3, as the runtime wants it. */
const TLS_1_3 = 0x0304;
/** RFC 9266: what binds a login to this very connection. */
const BINDING = { bytes: 32, label: "EXPORTER-Channel-Binding" } as const;

/**
 * How often a connection that is turned away gets its handshake, so that it can be told why, in
 * milliseconds; the others are only closed. A handshake takes up to a millisecond of the processor,
 * which must not be had for nothing, thousands of times a second.
 */
const REFUSE_EVERY_MS = 100;
/** How long such a handshake may take, in milliseconds. */
const REFUSE_WITHIN_MS = 1000;

/** What a server proves itself with, both as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A connection over TLS. */
export interface Secured {
  readonly connection: Connection;
  /** Its channel binding `tls-exporter`, the same on both ends of one connection and on no other. */
  readonly binding: Uint8Array;
}

/** A connection over TLS to a server, of which nothing is known yet but the key that it has. */
export interface SecuredByServer extends Secured {
  /** The server's public key, as a DER SubjectPublicKeyInfo. It is for the caller to judge. */
  readonly publicKey: Uint8Array;
  /** Whether an authority vouches for this key and this host's name. */
  readonly vouched: boolean;
}

/**
 * Listens for TLS 1.3 alone, and for nothing but this protocol in it.
 * @param timeout milliseconds that a handshake may take before its connection is cut
 * @param reception accepts each connection whose handshake is done
 * @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like.
 */
export function listenTls(
  hostname: string,
  port: number,
  identity: Identity,
  timeout: number,
  reception: Receptionist<Secured>,
): Listener {
  const connections: Connections = new WeakMap();
  const handshakes = new Map<Socket<undefined>, ReturnType<typeof setTimeout>>();
  const ended = (socket: Socket<undefined>): void => {
    clearTimeout(handshakes.get(socket));
    handshakes.delete(socket);
  };
  const refused = new WeakMap<Socket<undefined>, Refusal>();
  let refusedAt = -Infinity;
  const begin = (socket: Socket<undefined>, within: number): void => {
    handshakes.set(
      socket,
      setTimeout(() => socket.terminate(), within),
    );
  };
  const refuse = (socket: Socket<undefined>, refusal: Refusal): void => {
    const now = performance.now();
    if (refusal.isCostly || now - refusedAt < REFUSE_EVERY_MS) {
      socket.terminate();
      return;
    }
    refusedAt = now;
    refused.set(socket, refusal);
    begin(socket, Math.min(timeout, REFUSE_WITHIN_MS));
  };
  const handlers = handlersOf(connections, (socket) => {
    const connection = new Connection(socket);
    const refusal = reception.arrive(connection, descriptorOf(socket));
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    connections.set(socket, connection);
    begin(socket, timeout);
  });
  const listener = Bun.listen<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    data: undefined,
    tls: { ...identity, ...versions() },
    socket: {
      ...handlers,
      handshake: (socket, succeeded) => {
        ended(socket);
        const connection = connections.get(socket);
        const refusal = refused.get(socket);
        if (succeeded && refusal !== undefined) {
          socket.end(Buffer.from(refusal.text, "latin1"));
        } else if (!succeeded || connection === undefined || socket.alpnProtocol !== PROTOCOL) {
          socket.terminate();
        } else {
          reception.accept({ connection, binding: bindingOf(socket) });
        }
      },
      close: (socket, error) => {
        ended(socket);
        return handlers.close?.(socket, error);
      },
    },
  });
  return {
    port: listener.port,
    close: () => {
      listener.stop(false);
      for (const socket of handshakes.keys()) socket.terminate();
    },
  };
}

/** Why no connection over TLS came about, though something answered. */
export class HandshakeFailed extends ConnectFailed {
  override readonly name = "HandshakeFailed";
  /**
   * - `plain`: what answered speaks no TLS
   * - `version`: it speaks an older TLS alone
   * - `protocol`: it speaks TLS, and another protocol in it
   * - `broken`: the handshake came to no end
   */
  readonly problem: "plain" | "version" | "protocol" | "broken";

  constructor(problem: HandshakeFailed["problem"], message: string) {
    super("EPROTO", message);
    this.problem = problem;
  }
}

export interface ConnectTlsOptions {
  /** Milliseconds for connection and handshake together. */
  readonly timeout: number;
  /** Whether to find out if the system's authorities vouch for the server, which costs some time. */
  readonly authorities: boolean;
}

/**
 * Connects over TLS 1.3. Whoever answers is let in: the caller looks at the key, and sends nothing
 * before.
 * @throws {ConnectFailed}
 */
export async function connectTls(
  hostname: string,
  port: number,
  options: ConnectTlsOptions,
): Promise<SecuredByServer> {
  const connections: Connections = new WeakMap();
  const handshake = Promise.withResolvers<SecuredByServer>();
  handshake.promise.catch(() => undefined);
  const handlers = handlersOf(connections, (socket) => {
    connections.set(socket, new Connection(socket));
  });
  const ca = options.authorities ? await authorities() : undefined;
  const started = performance.now();
  const opening = Bun.connect<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    data: undefined,
    tls: {
      ...versions(),
      ...(ca === undefined ? {} : { ca }),
      ...(isIP(hostname) === 0 ? { serverName: hostname } : {}),
      // The key is compared, whatever the runtime thinks of the certificate.
      rejectUnauthorized: false,
    },
    socket: {
      ...handlers,
      handshake: (socket, succeeded, error) => {
        const connection = connections.get(socket);
        const failed = whyFailed(socket, error);
        if (connection === undefined || failed !== undefined) {
          handshake.reject(failed ?? new ConnectFailed("ECONNRESET", "closed at once"));
          socket.terminate();
          return;
        }
        const certificate = socket.getPeerX509Certificate();
        handshake.resolve({
          connection,
          binding: bindingOf(socket),
          publicKey: certificate.publicKey.export({ type: "spki", format: "der" }),
          vouched:
            ca !== undefined &&
            succeeded &&
            error === null &&
            socket.authorized &&
            isNamed(certificate, hostname),
        });
      },
      close: (socket, error) => {
        handshake.reject(new ConnectFailed("ECONNRESET", error?.message ?? "closed"));
        return handlers.close?.(socket, error);
      },
    },
  });
  const socket = await within(options.timeout, opening);
  const left = options.timeout - (performance.now() - started);
  const timer = setTimeout(() => {
    handshake.reject(new HandshakeFailed("broken", "no answer"));
    socket.terminate();
  }, left);
  try {
    return await handshake.promise;
  } finally {
    clearTimeout(timer);
  }
}

function versions(): { minVersion: number; ALPNProtocols: string } {
  return { minVersion: TLS_1_3, ALPNProtocols: ALPN };
}

function bindingOf(socket: Socket<undefined>): Uint8Array {
  return socket.exportKeyingMaterial(BINDING.bytes, BINDING.label, Buffer.alloc(0));
}

/** Why a handshake has failed; `undefined` where it has not, whatever is wrong with a certificate. */
function whyFailed(socket: Socket<undefined>, error: Error | null): ConnectFailed | undefined {
  const code = error !== null && "code" in error ? error.code : undefined;
  if (code === "ECONNRESET") return new ConnectFailed(code, error?.message ?? "closed");
  if (code === "EPROTO") {
    const message = error?.message ?? "";
    if (/WRONG_VERSION_NUMBER/.test(message)) return new HandshakeFailed("plain", message);
    if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(message)) {
      return new HandshakeFailed("version", message);
    }
    const isOther = /NO_APPLICATION_PROTOCOL/.test(message);
    return new HandshakeFailed(isOther ? "protocol" : "broken", message);
  }
  if (socket.alpnProtocol !== PROTOCOL) {
    return new HandshakeFailed("protocol", "another protocol within TLS");
  }
  return undefined;
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  const name =
    isIP(host) === 0
      ? certificate.checkHost(host, { subject: "never" })
      : certificate.checkIP(host);
  return name !== undefined;
}

/** The certificates of the authorities that the runtime and the system trust, as PEM. */
async function authorities(): Promise<string[]> {
  const { getCACertificates } = await import("node:tls");
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}
