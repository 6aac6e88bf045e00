import type { ServerEvent } from "../observe/events.ts";
import { formatDigest } from "../protocol/text.ts";
import type { Path } from "../storage/errors.ts";

/** A file that was sent or received, whole and verified. */
export interface Moved {
  readonly direction: "sent" | "received";
  readonly path: Path;
  readonly bytes: number;
  /** Of the file. */
  readonly digest: bigint;
}

/**
 * What the log is told of a file.
 * @param client the other side, as `address:port`
 * @param started when its request was begun, of `performance.now()`: with others, or by itself
 */
export function transferred(client: string, moved: Moved, started: number): ServerEvent {
  const { direction, path, bytes, digest } = moved;
  return {
    event: "transferred",
    client,
    direction,
    path: path.join("/"),
    bytes,
    digest: formatDigest(digest),
    seconds: (performance.now() - started) / 1000,
  };
}
