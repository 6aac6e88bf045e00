import { ConnectFailed, within, type Patience } from "./connect-failed.ts";
import { Connection } from "./connection.ts";
import { handlersOf, type Connections } from "./handlers.ts";

/**
 * Connects over TCP.
 * @throws {ConnectFailed}
 */
export async function connect(
  hostname: string,
  port: number,
  patience: Patience,
): Promise<Connection> {
  const connections: Connections = new WeakMap();
  const opening = Bun.connect<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    data: undefined,
    socket: handlersOf(connections, (socket) => {
      connections.set(socket, new Connection(socket, { isPlain: true }));
    }),
  });
  const socket = await within(patience, opening);
  const connection = connections.get(socket);
  if (connection === undefined) throw new ConnectFailed("ECONNRESET", "closed at once");
  return connection;
}
