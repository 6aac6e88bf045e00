/**
 * The protocol's blocks and digests, written down a second time from its description: what the
 * program sends is checked against this and not against itself.
 */

export const BLOCK_SIZE = 262_144;

/** The digest of an empty file. */
export const EMPTY_DIGEST = "2d06800538d394c2";

export function blockDigest(block: Uint8Array): string {
  return Bun.hash.xxHash3(block).toString(16).padStart(16, "0");
}

/** The digest of a file: that of its blocks' digests. */
export function fileDigest(content: Uint8Array): string {
  const digests = blocksOf(content).map((block) => Buffer.from(blockDigest(block), "hex"));
  return blockDigest(Buffer.concat(digests));
}

export function blocksOf(content: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    blocks.push(content.subarray(at, at + BLOCK_SIZE));
  }
  return blocks;
}

/** A block as it is sent. */
export function block(content: Uint8Array, digest = blockDigest(content)): Buffer {
  return Buffer.concat([Buffer.from(`+${content.length} ${digest}\n`), content]);
}

/** A file's content as it is sent. */
export function body(content: Uint8Array): Buffer {
  return Buffer.concat(blocksOf(content).map((part) => block(part)));
}
