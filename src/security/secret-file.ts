import { SecurityError } from "./errors.ts";
import { readText, USED_BY_OTHERS } from "./files.ts";
import { MAX_PASSWORD } from "./password.ts";

/** A password, its line end, and some lines behind it, as password managers write them. */
const MAX_FILE = 65_536;

/**
 * Reads a secret: the first line of a regular file that its owner alone can read.
 * @throws {SecurityError} naming the file and what to do; the secret is never in it
 */
export async function readSecretFile(file: string): Promise<string> {
  const text = readText(file, { max: MAX_FILE, forbidden: () => USED_BY_OTHERS });
  const [line = ""] = text.split("\n", 1);
  const secret = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (secret === "") {
    throw new SecurityError("invalid", `${file} holds no secret: write it in its first line`);
  }
  if (Buffer.byteLength(secret) > MAX_PASSWORD) {
    throw new SecurityError(
      "invalid",
      `The first line of ${file} is too long: a secret can have ${MAX_PASSWORD} bytes`,
    );
  }
  return secret;
}
