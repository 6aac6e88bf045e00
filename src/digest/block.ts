/** XXH3-64, seed 0: the digest of one block. It finds errors; it is no proof against an enemy. */
export function blockDigest(block: Uint8Array): bigint {
  return Bun.hash.xxHash3(block);
}
