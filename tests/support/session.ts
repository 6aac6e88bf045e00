import { openSession as open } from "../../src/client/opening.ts";
import type { Session } from "../../src/client/session.ts";
import { Trust } from "../../src/client/trust.ts";
import { KnownHosts } from "../../src/security/known-hosts.ts";
import type { TemporaryFolder } from "./programs.ts";

/** Opens a session with a server on loopback, in the clear, as the program's own parts do. */
export function openSession(folder: TemporaryFolder, port: number): Promise<Session> {
  const trust = new Trust({
    knownHosts: new KnownHosts(folder.join("known")),
    insecure: true,
    secret: () => Promise.resolve(undefined),
    remembers: false,
    complain: () => undefined,
    confirm: undefined,
    askSecret: undefined,
  });
  const target = { host: "127.0.0.1", port };
  return open(target, { timeout: 60_000, trust }, new AbortController().signal);
}
