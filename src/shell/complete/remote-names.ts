import { listRemote } from "../../client/listing.ts";
import type { Session } from "../../client/session.ts";
import type { Path } from "../../protocol/path.ts";
import type { Name } from "./names.ts";

/** For how long names are taken to be what they were, in milliseconds. */
const FRESH_MS = 5000;
/** The most names of one folder that are looked at. */
const MOST = 10_000;

interface Kept {
  readonly names: Promise<readonly Name[]>;
  readonly cancel: AbortController;
  /** On the clock of `performance.now()`; `undefined` while they are still asked for. */
  since: number | undefined;
}

/** Names on the server, kept for a few seconds. */
export class RemoteNames {
  #kept = new Map<string, Kept>();
  #session: Session | undefined;

  /**
   * The names in a folder of the server: those that came a moment ago, or else by asking for them.
   * @throws {CommandFailed} where the server does not tell
   */
  in(session: Session, folder: Path): Promise<readonly Name[]> {
    if (session !== this.#session) this.forget();
    this.#session = session;
    const key = folder.join("/");
    const found = this.#kept.get(key);
    const age = found?.since === undefined ? 0 : performance.now() - found.since;
    if (found !== undefined && age < FRESH_MS) return found.names;
    const cancel = new AbortController();
    const kept: Kept = { names: ask(session, folder, cancel.signal), cancel, since: undefined };
    this.#kept.set(key, kept);
    kept.names.then(
      () => (kept.since = performance.now()),
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.names;
  }

  /** Asks for nothing more: what is still to come is cancelled, so that it is in nobody's way. */
  stop(): void {
    for (const [key, { cancel, since }] of this.#kept) {
      if (since !== undefined) continue;
      cancel.abort();
      this.#kept.delete(key);
    }
  }

  /** Drops all names, since they may not be right any more. */
  forget(): void {
    this.stop();
    this.#kept = new Map();
  }
}

async function ask(session: Session, folder: Path, signal: AbortSignal): Promise<Name[]> {
  const names: Name[] = [];
  for await (const some of listRemote(session, folder, { recursive: false, signal })) {
    for (const { path, type } of some) {
      if (type === "refused") continue;
      const parts = path.split("/");
      // A file that is listed alone is in no folder.
      if (parts.length !== folder.length + 1) continue;
      names.push({ name: parts.at(-1) ?? "", folder: type === "folder" });
    }
    if (names.length >= MOST) break;
  }
  return names.slice(0, MOST);
}
