import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BYTES = 32;

/**
 * The secret that the keys of uploads are made with, made at the first use, readable by its owner
 * alone. Where it cannot be kept, one that lasts as long as the program.
 * @param folder of the program's state
 */
export async function uploadSecret(folder: string): Promise<Uint8Array> {
  const file = join(folder, "upload-secret");
  const made = crypto.getRandomValues(new Uint8Array(BYTES));
  try {
    return await readSecret(file);
  } catch {
    // Not there, or not to be read: made below where that is possible.
  }
  const temporary = `${file}.${crypto.randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(temporary, made, { mode: 0o600 });
    // Whoever is first makes it; a second program that starts at the same moment takes the first's.
    await link(temporary, file).catch(() => undefined);
    await unlink(temporary);
    return await readSecret(file);
  } catch {
    return made;
  }
}

async function readSecret(file: string): Promise<Uint8Array> {
  const secret = await readFile(file);
  if (secret.length !== BYTES) throw new Error(`${file} does not hold ${BYTES} bytes`);
  return secret;
}
