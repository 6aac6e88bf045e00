import { Connection } from "./connection.ts";
import { ConnectFailed, within } from "./connect-failed.ts";
import { handlersOf, type Connections } from "./handlers.ts";

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
  accept: (connection: Connection) => void,
): Listener {
  const connections: Connections = new WeakMap();
  const listener = Bun.listen<undefined>({
    hostname,
    port,
    // Without it the reply to a client that half-closes is lost.
    allowHalfOpen: true,
    data: undefined,
    socket: handlersOf(connections, (socket) => {
      const connection = new Connection(socket);
      connections.set(socket, connection);
      accept(connection);
    }),
  });
  return { port: listener.port, close: () => listener.stop(false) };
}

/**
 * Connects over TCP.
 * @param timeout milliseconds until it gives up with the code `ETIMEDOUT`.
 * @throws {ConnectFailed}
 */
export async function connect(
  hostname: string,
  port: number,
  timeout: number,
): Promise<Connection> {
  const connections: Connections = new WeakMap();
  const opening = Bun.connect<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    data: undefined,
    socket: handlersOf(connections, (socket) => {
      connections.set(socket, new Connection(socket));
    }),
  });
  const socket = await within(timeout, opening);
  const connection = connections.get(socket);
  if (connection === undefined) throw new ConnectFailed("ECONNRESET", "closed at once");
  return connection;
}
