import type { Socket, SocketHandler } from "bun";
import { describe } from "./broken.ts";
import type { Connection } from "./connection.ts";

/** The connection that each socket belongs to. */
export type Connections = WeakMap<Socket<undefined>, Connection>;

/** What the runtime tells of sockets, handed to their connections. */
export function handlersOf(
  connections: Connections,
  open: (socket: Socket<undefined>) => void,
): SocketHandler<undefined> {
  return {
    open,
    data: (socket, piece) => connections.get(socket)?.handlers.data(piece),
    drain: (socket) => connections.get(socket)?.handlers.drain(),
    end: (socket) => connections.get(socket)?.handlers.end(),
    close: (socket, error) =>
      connections.get(socket)?.handlers.close(error === undefined ? "closed" : describe(error)),
    // What breaks a connection is told to `close` as well; without a handler Bun would print it.
    error: () => undefined,
    connectError: () => undefined,
  };
}
