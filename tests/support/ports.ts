import { createServer, type Server } from "node:net";

/** Listens on a free port of the loopback. */
export function listenAnywhere(listener: Server): Promise<void> {
  return new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
}

export function portOf(listener: Server): number {
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen");
  return address.port;
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const listener = createServer();
  await listenAnywhere(listener);
  const port = portOf(listener);
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
