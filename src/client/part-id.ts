import type { Path } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { formatAddress, type Address } from "./address.ts";

const HEX_DIGITS = 32;

/** What a download is known by on this side: the same command finds its part again. */
export function downloadId(address: Address, remote: Path, storage: Storage, local: Path): string {
  const what = JSON.stringify([formatAddress(address), remote, storage.location, local]);
  return new Bun.CryptoHasher("sha256").update(what).digest("hex").slice(0, HEX_DIGITS);
}

/**
 * The key of an upload: name and right in one. Only who has the secret can make it, so nobody can
 * read or poison the part of another. It is the same where the file has changed meanwhile: whether
 * what is held is still the beginning of it, its digest tells.
 */
export function uploadKey(
  secret: Uint8Array,
  address: Address,
  remote: Path,
  storage: Storage,
  local: Path,
): string {
  const what = [formatAddress(address), remote, storage.location, local];
  return new Bun.CryptoHasher("sha256", secret)
    .update(JSON.stringify(what))
    .digest("hex")
    .slice(0, HEX_DIGITS);
}
