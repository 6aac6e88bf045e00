import { StorageError } from "./errors.ts";
import type { Source } from "./storage.ts";

/**
 * Whether a file that was read to its end is as it was when it was opened, and when it was stored.
 * @param digest of all that was read
 * @throws {StorageError} `changed` or `mismatch`
 */
export async function checkWhole(source: Source, digest: bigint): Promise<void> {
  await source.unchanged();
  if (source.digest === undefined || source.digest === digest) return;
  throw new StorageError(
    "mismatch",
    source.path,
    (name) => `${name} is not what was stored under its name: it was damaged in the store`,
  );
}
