import type { Socket } from "bun";

/** Why no connection came about. `code` is the system's, such as `ECONNREFUSED`. */
export class ConnectFailed extends Error {
  override readonly name: string = "ConnectFailed";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The system's code for an error, such as `ECONNRESET`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EUNKNOWN";
}

/**
 * Waits for a socket that is being opened.
 * @param timeout milliseconds until it is given up with the code `ETIMEDOUT`
 * @throws {ConnectFailed}
 */
export async function within(
  timeout: number,
  opening: Promise<Socket<undefined>>,
): Promise<Socket<undefined>> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.reject(new ConnectFailed("ETIMEDOUT", "no answer"));
    opening.then((socket) => socket.terminate()).catch(() => undefined);
  }, timeout);
  try {
    return await Promise.race([opening, deadline.promise]);
  } catch (error) {
    throw error instanceof ConnectFailed ? error : new ConnectFailed(codeOf(error), String(error));
  } finally {
    clearTimeout(timer);
  }
}
