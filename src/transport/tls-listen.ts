import type { Socket } from "bun";
import { Connection } from "./connection.ts";
import { descriptorOf } from "./direct.ts";
import { handlersOf, type Connections } from "./handlers.ts";
import { Introductions } from "./introductions.ts";
import type { Peer } from "./proxy-header.ts";
import type { Receptionist, Refusal } from "./reception.ts";
import type { Listener } from "./tcp.ts";
import { bindingOf, PROTOCOL, versions, type Secured } from "./tls.ts";

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
  // What comes next on its connection is its word, and no handshake.
  const introductions = new Introductions(reception, (socket) => socket.terminate());
  const meet = (socket: Socket<undefined>, peer: Peer | undefined): void => {
    const connection = new Connection(socket, { peer });
    const refusal = reception.arrive(connection, descriptorOf(socket));
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    connections.set(socket, connection);
    begin(socket, timeout);
  };
  const handlers = handlersOf(
    connections,
    (socket) => introductions.meet(socket, descriptorOf(socket), meet),
    (connection) => reception.leave(connection),
  );
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
        introductions.closed(socket);
        return handlers.close?.(socket, error);
      },
    },
  });
  return {
    port: listener.port,
    close: () => {
      listener.stop(false);
      introductions.end();
      for (const socket of handshakes.keys()) socket.terminate();
    },
  };
}
