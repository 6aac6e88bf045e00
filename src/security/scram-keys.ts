import { normalisePassword } from "./password.ts";

/** Bytes of a key, a proof and a signature: SHA-256's. */
export const KEY_BYTES = 32;

/** The fewest iterations that a client agrees to (RFC 7677), and the most. */
export const MIN_ITERATIONS = 4096;
export const MAX_ITERATIONS = 1_000_000;

/**
 * For passwords that people choose: what OWASP advises for PBKDF2 with SHA-256. The client pays for
 * them once a login (about 75 ms on a computer of 2024), the server only when it stores a password.
 */
export const PASSWORD_ITERATIONS = 600_000;

/** For random tokens of 160 bits, which nobody can guess however cheap a guess is. */
export const TOKEN_ITERATIONS = MIN_ITERATIONS;

const SALT_BYTES = 16;

/** What a server keeps of a password: enough to check it, too little to log in with (RFC 5802). */
export interface Verifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/**
 * Makes what a server keeps of a password. PBKDF2 runs beside the event loop.
 * @throws {SecurityError} where it can be no password
 */
export async function makeVerifier(
  password: string,
  options: { readonly iterations?: number; readonly salt?: Uint8Array } = {},
): Promise<Verifier> {
  const iterations = options.iterations ?? PASSWORD_ITERATIONS;
  const salt = options.salt ?? crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const salted = await saltedPassword(password, salt, iterations);
  return { iterations, salt, ...keysOf(salted) };
}

/** `SaltedPassword` of RFC 5802, section 3. */
export async function saltedPassword(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  // With the start they would cost 3 ms of it, and no login is that fast.
  const [{ pbkdf2 }, { promisify }] = await Promise.all([
    import("node:crypto"),
    import("node:util"),
  ]);
  const derive = promisify(pbkdf2);
  return derive(normalisePassword(password), salt, iterations, KEY_BYTES, "sha256");
}

/** `StoredKey` and `ServerKey`: all that a server has to know. */
export function keysOf(salted: Uint8Array): { storedKey: Uint8Array; serverKey: Uint8Array } {
  return { storedKey: sha256(hmac(salted, "Client Key")), serverKey: hmac(salted, "Server Key") };
}

/** `ClientProof`: the client's key under a pad that only this conversation has. */
export function clientProof(salted: Uint8Array, authMessage: string): Uint8Array {
  const key = hmac(salted, "Client Key");
  return xor(key, hmac(sha256(key), authMessage));
}

/** `StoredKey` as a proof implies it: the true one only for the true password. */
export function storedKeyOfProof(
  storedKey: Uint8Array,
  authMessage: string,
  proof: Uint8Array,
): Uint8Array {
  return sha256(xor(proof, hmac(storedKey, authMessage)));
}

/** `ServerSignature`: shows that the server knows the verifier. */
export function serverSignature(serverKey: Uint8Array, authMessage: string): Uint8Array {
  return hmac(serverKey, authMessage);
}

/**
 * A verifier for a user who is not there. It is the same each time that a name is asked for, no
 * password fits it, and without the secret it cannot be told from a real one.
 */
export function decoyVerifier(secret: Uint8Array, user: string, iterations: number): Verifier {
  return {
    iterations,
    salt: hmac(secret, `salt ${user}`).subarray(0, SALT_BYTES),
    storedKey: hmac(secret, `stored key ${user}`),
    serverKey: hmac(secret, `server key ${user}`),
  };
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256", key).update(text).digest();
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}

function xor(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, i) => byte ^ (other[i] ?? 0));
}
