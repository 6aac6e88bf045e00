import type { Socket } from "bun";
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  atAbort,
  ConnectFailed,
  HandshakeFailed,
  within,
  type Patience,
} from "./connect-failed.ts";
import { Connection } from "./connection.ts";
import { handlersOf, type Connections } from "./handlers.ts";
import { bindingOf, PROTOCOL, versions, type Secured } from "./tls.ts";

/** A connection over TLS to a server, of which nothing is known yet but the key that it has. */
export interface SecuredByServer extends Secured {
  /** The server's public key, as a DER SubjectPublicKeyInfo. It is for the caller to judge. */
  readonly publicKey: Uint8Array;
  /** Whether an authority vouches for this key and this host's name. */
  readonly vouched: boolean;
}

/** The time is for connection and handshake together. */
export interface ConnectTlsOptions extends Patience {
  /** The name or address that a certificate has to be for, as it was typed. */
  readonly name: string;
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
      ...(isIP(options.name) === 0 ? { serverName: options.name } : {}),
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
            isNamed(certificate, options.name),
        });
      },
      close: (socket, error) => {
        handshake.reject(new ConnectFailed("ECONNRESET", error?.message ?? "closed"));
        return handlers.close?.(socket, error);
      },
    },
  });
  const socket = await within(options, opening);
  const left = options.timeout - (performance.now() - started);
  const timer = setTimeout(() => {
    handshake.reject(new HandshakeFailed("broken", "no answer"));
    socket.terminate();
  }, left);
  const stop = atAbort(options.signal, () => {
    handshake.reject(new ConnectFailed("ECANCELED", "cancelled"));
    socket.terminate();
  });
  try {
    return await handshake.promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
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
