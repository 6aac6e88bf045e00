import type { Socket } from "bun";
import { Connection } from "./connection.ts";
import { handlersOf, type Connections } from "./handlers.ts";
import type { Listener } from "./tcp.ts";
import { bindingOf, PROTOCOL, versions, type Secured } from "./tls.ts";

/** What a server proves itself with, both as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/**
 * Listens for TLS 1.3 alone, and for nothing but this protocol in it.
 * @param timeout milliseconds that a handshake may take before its connection is cut
 * @param accept given each connection whose handshake is done
 * @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like.
 */
export function listenTls(
  hostname: string,
  port: number,
  identity: Identity,
  timeout: number,
  accept: (secured: Secured) => void,
): Listener {
  const connections: Connections = new WeakMap();
  const handshakes = new Map<Socket<undefined>, ReturnType<typeof setTimeout>>();
  const ended = (socket: Socket<undefined>): void => {
    clearTimeout(handshakes.get(socket));
    handshakes.delete(socket);
  };
  const handlers = handlersOf(connections, (socket) => {
    connections.set(socket, new Connection(socket));
    handshakes.set(
      socket,
      setTimeout(() => socket.terminate(), timeout),
    );
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
        if (!succeeded || connection === undefined || socket.alpnProtocol !== PROTOCOL) {
          socket.terminate();
        } else {
          accept({ connection, binding: bindingOf(socket) });
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
