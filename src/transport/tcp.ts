import type { Socket } from "bun";
import { Connection } from "./connection.ts";
import { descriptorOf } from "./direct.ts";
import { handlersOf, type Connections } from "./handlers.ts";
import { Introductions } from "./introductions.ts";
import type { Peer } from "./proxy-header.ts";
import type { Receptionist, Refusal } from "./reception.ts";

/** A listening socket. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections; those that there are stay. */
  close(): void;
}

/**
 * Listens for TCP connections.
 * @param port 0 takes a free one.
 * @throws an `Error` with `code` `EADDRINUSE`, `EACCES` or the like.
 */
export function listen(
  hostname: string,
  port: number,
  reception: Receptionist<Connection>,
): Listener {
  const connections: Connections = new WeakMap();
  // Closes as well, and gives the descriptor back: whoever is turned away costs nothing more.
  const refuse = (socket: Socket<undefined>, { text }: Refusal): void => {
    socket.end(Buffer.from(text, "latin1"));
  };
  const introductions = new Introductions(reception, refuse);
  const begin = (socket: Socket<undefined>, peer: Peer | undefined): void => {
    const connection = new Connection(socket, { peer, isPlain: true });
    const refusal = reception.arrive(connection, descriptorOf(socket));
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    connections.set(socket, connection);
    reception.accept(connection);
  };
  const handlers = handlersOf(
    connections,
    (socket) => introductions.meet(socket, descriptorOf(socket), begin),
    (connection) => reception.leave(connection),
  );
  const listener = Bun.listen<undefined>({
    hostname,
    port,
    // Without it the reply to a client that half-closes is lost.
    allowHalfOpen: true,
    data: undefined,
    socket: {
      ...handlers,
      close: (socket, error) => {
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
    },
  };
}
