import { join } from "node:path";
import { SecurityError } from "../security/errors.ts";
import { createOnce, makeFolder, readBytes, USED_BY_OTHERS } from "../security/files.ts";

const BYTES = 32;

/**
 * The secret that the keys of uploads are made with, made at the first use, readable by its owner
 * alone. Where it cannot be kept, one that lasts as long as the program.
 * @param folder of the program's state
 * @throws {SecurityError} where others can read it: with it they could reach parts of uploads
 */
export async function uploadSecret(folder: string): Promise<Uint8Array> {
  const file = join(folder, "upload-secret");
  const made = crypto.getRandomValues(new Uint8Array(BYTES));
  const kept = readSecret(file);
  if (kept !== undefined) return kept;
  try {
    makeFolder(folder);
    // Whoever is first makes it; a second program that starts at the same moment takes the first's.
    createOnce(file, made);
  } catch (error) {
    if (error instanceof SecurityError) return made;
    throw error;
  }
  return readSecret(file) ?? made;
}

/** @returns `undefined` where it is not there, or of no use */
function readSecret(file: string): Uint8Array | undefined {
  try {
    const secret = readBytes(file, { max: BYTES, forbidden: () => USED_BY_OTHERS });
    return secret.length === BYTES ? secret : undefined;
  } catch (error) {
    if (!(error instanceof SecurityError) || error.problem === "insecure") throw error;
    return undefined;
  }
}
