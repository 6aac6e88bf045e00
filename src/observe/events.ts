/** The limit that a connection was turned away for. */
export type RefusedReason =
  "max-connections" | "max-per-address" | "max-unauthenticated" | "descriptors";

/** What a server tells as it happens. Times are seconds, sizes bytes, `client` is `address:port`. */
export type ServerEvent =
  | { event: "listening"; host: string; port: number; root: string; pin?: string }
  | { event: "connected"; client: string }
  | { event: "refused"; client: string; reason: RefusedReason; count: number }
  | { event: "login"; client: string; user: string }
  | {
      event: "transferred";
      client: string;
      direction: "sent" | "received";
      path: string;
      bytes: number;
      digest: string;
      seconds: number;
    }
  | { event: "changed"; client: string; verb: string; path: string; to?: string }
  | {
      event: "failed";
      client: string;
      verb: string;
      path: string;
      code: number;
      word: string;
      message: string;
    }
  | { event: "disconnected"; client: string; reason: string }
  | { event: "lost"; lines: number }
  | { event: "stopping"; transfers: number }
  | { event: "stopped" };

/**
 * What a client tells as it happens. Times are seconds, sizes bytes, rates bytes a second. Paths of
 * the server's side begin at its root, without a `/`; the root itself is empty.
 * - `listed`: LS, LLS (`side` is then `local`, `path` absolute and the entries' paths within it) and
 *   STAT (one entry, with its digest where that was asked for)
 * - `folder`: where names begin from now on (CD, LCD), or where they do (PWD, LPWD); `path` is
 *   absolute where `side` is `local`
 * - `changed`: MKDIR, RM (one for each file and folder that is gone) and MV have changed the server
 * - `status`: without a connection `local` alone
 */
export type ClientEvent =
  | { event: "opened"; host: string; port: number }
  | { event: "progress"; path: string; bytes: number; size: number; rate: number }
  | {
      event: "transferred";
      direction: "received" | "sent";
      remote: string;
      local: string;
      bytes: number;
      reused: number;
      digest: string;
      seconds: number;
    }
  | { event: "listed"; side?: "local"; path: string; entries: readonly object[] }
  | { event: "folder"; side: "remote" | "local"; path: string }
  | { event: "changed"; verb: "MKDIR" | "DELETE" | "RENAME"; path: string; to?: string }
  | {
      event: "status";
      server?: string;
      seconds?: number;
      received?: number;
      sent?: number;
      encrypted?: boolean;
      user?: string;
      remote?: string;
      local: string;
      interrupted?: number;
      held?: number;
    }
  | {
      event: "finished";
      command: string;
      files: number;
      bytes: number;
      reused: number;
      skipped: number;
      deleted: number;
      failed: number;
      seconds: number;
    }
  | {
      event: "failed";
      command: string;
      /** Where it is one of several files: which. */
      path?: string;
      line?: number;
      status: number;
      side?: "local" | "remote";
      code?: number;
      word?: string;
      message: string;
    }
  | { event: "closed"; host: string; port: number };

/** Why a program of either kind ends, or does not even begin. */
export interface ProgramFailure {
  readonly event: "failed";
  readonly status: number;
  readonly message: string;
}

export type Observe<E> = (event: E) => void;

const NOT_PRINTABLE_ASCII = /[^ -~]/g;

/** An event as one line of JSON, of printable ASCII alone, LF included; seconds to the sixth digit. */
export function formatEvent(event: ServerEvent | ClientEvent | ProgramFailure): string {
  const seconds =
    "seconds" in event && event.seconds !== undefined
      ? { seconds: Number(event.seconds.toFixed(6)) }
      : {};
  const json = JSON.stringify({ ...event, ...seconds }).replace(
    NOT_PRINTABLE_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${json}\n`;
}
