import type { Socket, SocketHandler } from "bun";
import { Connection } from "./connection.ts";

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
  const connections = new WeakMap<Socket<undefined>, Connection>();
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

/** Why no connection came about. `code` is the system's, such as `ECONNREFUSED`. */
export class ConnectFailed extends Error {
  override readonly name = "ConnectFailed";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
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
  const connections = new WeakMap<Socket<undefined>, Connection>();
  const opening = Bun.connect<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    data: undefined,
    socket: handlersOf(connections, (socket) => {
      connections.set(socket, new Connection(socket));
    }),
  });
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.reject(new ConnectFailed("ETIMEDOUT", "no answer"));
    opening.then((socket) => socket.terminate()).catch(() => undefined);
  }, timeout);
  try {
    const socket = await Promise.race([opening, deadline.promise]);
    const connection = connections.get(socket);
    if (connection === undefined) throw new ConnectFailed("ECONNRESET", "closed at once");
    return connection;
  } catch (error) {
    throw error instanceof ConnectFailed ? error : new ConnectFailed(codeOf(error), String(error));
  } finally {
    clearTimeout(timer);
  }
}

function handlersOf(
  connections: WeakMap<Socket<undefined>, Connection>,
  open: (socket: Socket<undefined>) => void,
): SocketHandler<undefined> {
  return {
    open,
    data: (socket, piece) => connections.get(socket)?.handlers.data(piece),
    drain: (socket) => connections.get(socket)?.handlers.drain(),
    end: (socket) => connections.get(socket)?.handlers.end(),
    close: (socket, error) =>
      connections.get(socket)?.handlers.close(error === undefined ? "closed" : codeOf(error)),
    // What breaks a connection is told to `close` as well; without a handler Bun would print it.
    error: () => undefined,
    connectError: () => undefined,
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EUNKNOWN";
}
