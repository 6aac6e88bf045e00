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

/** Why no connection over TLS came about, though something answered. */
export class HandshakeFailed extends ConnectFailed {
  override readonly name = "HandshakeFailed";
  /**
   * - `plain`: what answered speaks no TLS
   * - `version`: it speaks an older TLS alone
   * - `protocol`: it speaks TLS, and another protocol in it
   * - `broken`: the handshake came to no end
   */
  readonly problem: "plain" | "version" | "protocol" | "broken";

  constructor(problem: HandshakeFailed["problem"], message: string) {
    super("EPROTO", message);
    this.problem = problem;
  }
}

/** The system's code for an error, such as `ECONNRESET`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EUNKNOWN";
}

/** How long a connection is waited for. */
export interface Patience {
  /** Milliseconds until it is given up with the code `ETIMEDOUT`. */
  readonly timeout: number;
  /** Aborted when nobody wants it any more: it is given up with the code `ECANCELED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for a socket that is being opened.
 * @throws {ConnectFailed}
 */
export async function within(
  { timeout, signal }: Patience,
  opening: Promise<Socket<undefined>>,
): Promise<Socket<undefined>> {
  const givenUp = Promise.withResolvers<never>();
  const giveUp = (code: string, message: string): void => {
    givenUp.reject(new ConnectFailed(code, message));
    opening.then((socket) => socket.terminate()).catch(() => undefined);
  };
  const timer = setTimeout(() => giveUp("ETIMEDOUT", "no answer"), timeout);
  const stop = atAbort(signal, () => giveUp("ECANCELED", "cancelled"));
  try {
    return await Promise.race([opening, givenUp.promise]);
  } catch (error) {
    throw error instanceof ConnectFailed ? error : new ConnectFailed(codeOf(error), String(error));
  } finally {
    clearTimeout(timer);
    stop();
  }
}

/** Has something done when a signal is aborted, or at once where it is. Gives what ends that. */
export function atAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  signal?.addEventListener("abort", act);
  return () => signal?.removeEventListener("abort", act);
}
