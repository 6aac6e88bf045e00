import type { Socket, SocketHandler } from "bun";
import { describe } from "./broken.ts";
import type { Connection } from "./connection.ts";

/** The connection that each socket belongs to. */
export type Connections = WeakMap<Socket<undefined>, Connection>;

/**
 * What the runtime tells of sockets, handed to their connections.
 * @param closed told of each connection that is closed
 */
export function handlersOf(
  connections: Connections,
  open: (socket: Socket<undefined>) => void,
  closed: (connection: Connection) => void = () => undefined,
): SocketHandler<undefined> {
  return {
    open,
    data: (socket, piece) => connections.get(socket)?.onData(piece),
    drain: (socket) => connections.get(socket)?.onDrain(),
    end: (socket) => connections.get(socket)?.onEnd(),
    close: (socket, error) => {
      const connection = connections.get(socket);
      if (connection === undefined) return;
      connection.onClose(error === undefined ? "closed" : describe(error));
      closed(connection);
    },
    // What breaks a connection is told to `close` as well; without a handler Bun would print it.
    error: () => undefined,
    connectError: () => undefined,
  };
}
