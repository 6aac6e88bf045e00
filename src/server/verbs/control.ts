import type { Done } from "../exchange.ts";

/** Does nothing, so that a connection is not taken for idle. */
export async function noop(): Promise<Done> {
  return { code: 200 };
}

/** Says goodbye; the session closes behind the reply. */
export async function quit(): Promise<Done> {
  return { code: 221 };
}

/** What ran was cancelled when the line was read; its turn to answer has come. */
export async function abort(): Promise<Done> {
  return { code: 225 };
}
