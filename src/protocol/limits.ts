/** The version of the protocol that a greeting names. */
export const PROTOCOL_VERSION = 1;

/** The longest line in bytes, its LF included. */
export const MAX_LINE = 8192;

/** Bytes of file content in every block but a file's last. */
export const BLOCK_SIZE = 262_144;

/** The longest path in bytes, decoded, as UTF-8. */
export const MAX_PATH = 1024;

/** The longest part of a path in bytes, decoded, as UTF-8. */
export const MAX_NAME = 255;

/** How many requests a client may have outstanding at the least. */
export const PIPELINE = 1024;

/** Requests for small files that a server carries out as one at the most, and a client sends as one. */
export const MOST_TOGETHER = 64;

/** After this long without a byte a side that still works says so (`110` or `~`), in milliseconds. */
export const KEEPALIVE_MS = 5000;
/** A client in which nothing is typed says that it is there this often, in milliseconds. */
export const NOOP_MS = 60_000;

/** How much of a refused upload's body is read and dropped before the server closes, in bytes. */
export const MAX_DROPPED = 64 * 1024 * 1024;

/** For how long a refused upload's body is read and dropped before the server closes, in milliseconds. */
export const MAX_DROP_MS = 15_000;
