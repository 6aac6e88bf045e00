import { parseDecimal } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** How a greeting names it that the server has PACK. */
export const PACK = "pack";

/** What the line that begins a pack's body says of a file. */
export interface PackedFile {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  readonly exec: boolean;
}

/** In place of a file that is not in it. */
const NONE = "-";
const EXEC = "exec";

/** Writes the line that begins a pack's body, LF included: `undefined` of what is not in it. */
export function formatPackHead(files: readonly (PackedFile | undefined)[]): string {
  const words = files.map((file) => {
    if (file === undefined) return NONE;
    return `${file.size} ${file.mtime}${file.exec ? ` ${EXEC}` : ""}`;
  });
  return `${words.join(",")}\n`;
}

/**
 * Reads that line, without its LF.
 * @throws {ProtocolViolation} where it is malformed
 */
export function parsePackHead(line: string): (PackedFile | undefined)[] {
  return line.split(",").map((word) => {
    if (word === NONE) return undefined;
    const [bytes = "", time = "", flag, ...more] = word.split(" ");
    const size = parseDecimal(bytes);
    const mtime = parseDecimal(time);
    const isKnown = flag === undefined || flag === EXEC;
    if (size === undefined || mtime === undefined || !isKnown || more.length > 0) {
      throw new ProtocolViolation("The line that begins a pack is malformed");
    }
    return { size, mtime, exec: flag === EXEC };
  });
}
