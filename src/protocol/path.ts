import { MAX_NAME, MAX_PATH } from "./limits.ts";
import { decodeText, encodeText } from "./text.ts";

/** A path in its parts, decoded, from the root; none is the root itself. */
export type Path = readonly string[];

/** Encodes a path for a request line. */
export function encodePath(path: Path): string {
  return path.map(encodeText).join("/");
}

/** Why a path of a request cannot be anybody's name. */
export class BadPath extends Error {
  override readonly name = "BadPath";
}

/**
 * Splits a path at `/` and decodes each part once, in that order, so that no escape can make a
 * separator.
 * @throws {BadPath} where a part holds `/`, NUL or invalid UTF-8, or something is too long.
 */
export function decodePath(encoded: string): Path {
  const parts = decodeNames(encoded);
  checkLengths(parts);
  return parts;
}

/**
 * Reads names with `/` between them, which are no path: how many bytes they have together is nobody's
 * affair.
 * @throws {BadPath} where one holds `/`, NUL or invalid UTF-8.
 */
export function decodeNames(encoded: string): string[] {
  const parts: string[] = [];
  for (const piece of encoded.split("/")) {
    const part = decodeText(piece);
    if (part === undefined) throw new BadPath(`The name ${piece} is not valid UTF-8`);
    if (part.includes("/")) throw new BadPath(`The name ${piece} holds an encoded slash`);
    if (part.includes("\0")) throw new BadPath(`The name ${piece} holds a NUL`);
    parts.push(part);
  }
  return parts;
}

/** @throws {BadPath} where a part, or all of them with their separators, are too long */
export function checkLengths(path: Path): void {
  let total = -1;
  for (const part of path) {
    const bytes = Buffer.byteLength(part);
    if (bytes > MAX_NAME) throw new BadPath(`A name has ${bytes} bytes; ${MAX_NAME} are allowed`);
    total += bytes + 1;
  }
  if (total > MAX_PATH) throw new BadPath(`The path has ${total} bytes; ${MAX_PATH} are allowed`);
}
