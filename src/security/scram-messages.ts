import { decodeBase64 } from "./base64.ts";
import { SecurityError } from "./errors.ts";
import { isUserName } from "./password.ts";
import { KEY_BYTES, MAX_ITERATIONS, MIN_ITERATIONS } from "./scram-keys.ts";

/**
 * A login that cannot go on: `invalid` where a message is not as RFC 5802 has it, `refused` where
 * something was not proved.
 */
export class ScramError extends SecurityError {
  override readonly name = "ScramError";
}

/** The start of a client's first message: bound by tls-exporter (RFC 9266), no other identity. */
export const GS2_HEADER = "p=tls-exporter,,";

const MAX_MESSAGE = 2048;
const MAX_NONCE = 256;
const MAX_SALT = 128;
const PRINTABLE = /^[\x20-\x7e]*$/;
const ATTRIBUTE = /^([A-Za-z])=(.+)$/;

export interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  /** The message without its header, as it is signed. */
  readonly bare: string;
}

/** @throws {ScramError} */
export function parseClientFirst(message: string): ClientFirst {
  checkText(message);
  if (!message.startsWith(GS2_HEADER)) throw malformed(problemOfHeader(message));
  const bare = message.slice(GS2_HEADER.length);
  const [user, nonce] = attributes(bare, ["n", "r"]);
  if (!isUserName(user)) throw malformed("the user's name is not one");
  return { user, nonce: checkNonce(nonce), bare };
}

export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** @throws {ScramError} */
export function parseServerFirst(message: string): ServerFirst {
  checkText(message);
  refuseServerError(message);
  const [nonce, salt, iterations] = attributes(message, ["r", "s", "i"]);
  const bytes = decodeBase64(salt);
  if (bytes === undefined || bytes.length > MAX_SALT) throw malformed("the salt is not one");
  if (!/^[1-9][0-9]{0,9}$/.test(iterations)) throw malformed("the iterations are no number");
  return { nonce: checkNonce(nonce), salt: bytes, iterations: checkIterations(Number(iterations)) };
}

export interface ClientFinal {
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** The message without its proof, as it is signed. */
  readonly unproved: string;
}

/** @throws {ScramError} */
export function parseClientFinal(message: string): ClientFinal {
  checkText(message);
  const end = message.lastIndexOf(",p=");
  if (end === -1) throw malformed("it has no proof");
  const unproved = message.slice(0, end);
  const [binding, nonce] = attributes(unproved, ["c", "r"]);
  const bytes = decodeBase64(binding);
  if (bytes === undefined) throw malformed("the channel binding is not base64");
  const proof = decodeBase64(message.slice(end + ",p=".length));
  if (proof?.length !== KEY_BYTES) throw malformed("the proof is not one");
  return { binding: bytes, nonce: checkNonce(nonce), proof, unproved };
}

/**
 * Reads a server's last message.
 * @returns its signature
 * @throws {ScramError}
 */
export function parseServerFinal(message: string): Uint8Array {
  checkText(message);
  refuseServerError(message);
  const [text] = attributes(message, ["v"]);
  const signature = decodeBase64(text);
  if (signature?.length !== KEY_BYTES) throw malformed("the server's signature is not one");
  return signature;
}

/**
 * Takes the values of the attributes that have to come first, in this order. What may follow is
 * looked at for its form and ignored (RFC 5802, section 5.1), but for `m=`, which says that it may
 * not be ignored.
 */
function attributes<const Names extends readonly string[]>(
  message: string,
  names: Names,
): { readonly [K in keyof Names]: string } {
  const parts = message.split(",").map((part) => {
    const [, name, value] = ATTRIBUTE.exec(part) ?? [];
    if (name === undefined || value === undefined) throw malformed("an attribute is not one");
    if (name === "m") throw malformed("it asks for an extension that is not known");
    return { name, value };
  });
  const value = (wanted: string, at: number): string => {
    const part = parts[at];
    if (part?.name !== wanted) throw malformed(`${wanted}= is not where it has to be`);
    return part.value;
  };
  const repeated = parts.slice(names.length).find(({ name }) => names.includes(name));
  if (repeated !== undefined) throw malformed(`${repeated.name}= comes twice`);
  return mapNames(names, value);
}

function mapNames<const Names extends readonly string[]>(
  names: Names,
  value: (name: string, at: number) => string,
): { readonly [K in keyof Names]: string };
function mapNames(names: readonly string[], value: (name: string, at: number) => string): string[] {
  return names.map(value);
}

function checkText(message: string): void {
  if (message.length > MAX_MESSAGE) throw malformed("it is too long");
  if (!PRINTABLE.test(message)) throw malformed("it holds characters that do not belong there");
}

function checkNonce(nonce: string): string {
  if (nonce.length > MAX_NONCE || nonce.includes(" ")) throw malformed("the nonce is not one");
  return nonce;
}

function checkIterations(iterations: number): number {
  if (iterations < MIN_ITERATIONS) {
    const problem = `The server asks for ${iterations} iterations, fewer than the safe least of`;
    throw new ScramError("refused", `${problem} ${MIN_ITERATIONS}: nothing was sent to it`);
  }
  if (iterations > MAX_ITERATIONS) {
    const problem = `The server asks for ${iterations} iterations, more than the most of`;
    throw new ScramError("refused", `${problem} ${MAX_ITERATIONS}: nothing was sent to it`);
  }
  return iterations;
}

function problemOfHeader(message: string): string {
  if (/^[yn],/.test(message)) return "it is not bound to this connection";
  if (/^p=[^,]*,[^,]/.test(message)) return "it asks to act as somebody else";
  if (message.startsWith("p=")) return "it is not bound by tls-exporter";
  return "its header is not one";
}

/** What a server says of its own is not shown, but for the words that RFC 5802 lists. */
function refuseServerError(message: string): void {
  const [, word] = /^e=(.*)$/.exec(message) ?? [];
  if (word === undefined) return;
  const shown = /^[a-z-]{1,40}$/.test(word) ? ` (${word})` : "";
  throw new ScramError("refused", `The server refused the login${shown}`);
}

function malformed(what: string): ScramError {
  return new ScramError("invalid", `A message of the login is malformed: ${what}`);
}
