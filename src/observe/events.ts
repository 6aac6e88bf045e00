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

/** What a client tells as it happens. Times are seconds, sizes bytes, rates bytes a second. */
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
  | { event: "listed"; path: string; entries: readonly object[] }
  | {
      event: "failed";
      command: string;
      status: number;
      code?: number;
      word?: string;
      message: string;
    }
  | { event: "closed" };

export type Observe<E> = (event: E) => void;

const NOT_PRINTABLE_ASCII = /[^ -~]/g;

/** An event as one line of JSON, of printable ASCII alone, LF included. */
export function formatEvent(event: ServerEvent | ClientEvent): string {
  const json = JSON.stringify(event).replace(
    NOT_PRINTABLE_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${json}\n`;
}
