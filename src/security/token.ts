import { join } from "node:path";
import { SecurityError } from "./errors.ts";
import { createOnce, makeFolder, readTextIfThere, replaceFile, USED_BY_OTHERS } from "./files.ts";

/** 32 characters, of which none looks like another: no l, o, 0, 1. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
/** 5 bits each: 160 bits. */
const CHARACTERS = 32;
const GROUP = 4;
const TOKEN = /^[a-km-np-z2-9]{4}(?:-[a-km-np-z2-9]{4}){7}$/;

/**
 * The token that clients log in with as the user `token`, made at the first use.
 * @param folder of the program's state
 * @throws {SecurityError}
 */
export async function loadToken(folder: string): Promise<string> {
  const file = tokenFile(folder);
  const there = readToken(file);
  if (there !== undefined) return there;
  makeFolder(folder);
  createOnce(file, `${makeToken()}\n`);
  const made = readToken(file);
  if (made === undefined) throw new SecurityError("failed", `${file} has gone again: start again`);
  return made;
}

/**
 * Makes another token: the one before it is worth nothing from then on.
 * @throws {SecurityError}
 */
export async function newToken(folder: string): Promise<string> {
  const token = makeToken();
  makeFolder(folder);
  replaceFile(tokenFile(folder), `${token}\n`);
  return token;
}

/** Where the token is. */
export function tokenFile(folder: string): string {
  return join(folder, "token");
}

function readToken(file: string): string | undefined {
  const text = readTextIfThere(file, { max: 256, forbidden: () => USED_BY_OTHERS });
  const token = text?.trimEnd();
  if (token === undefined || TOKEN.test(token)) return token;
  // Anything else might be a word that somebody chose, and can be guessed.
  throw new SecurityError(
    "invalid",
    `${file} holds no token: remove it, or make another with --new-token`,
  );
}

function makeToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS));
  // 256 is a multiple of 32, so each character is as likely as any other.
  const text = Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
  return (text.match(new RegExp(`.{${GROUP}}`, "g")) ?? []).join("-");
}
