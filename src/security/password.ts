import { SecurityError } from "./errors.ts";

/** The longest password, in bytes of UTF-8. */
export const MAX_PASSWORD = 1024;

const USER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const OTHER_SPACES = /\p{Zs}/gu;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Whether this can be a user's name. Case matters. */
export function isUserName(text: string): boolean {
  return USER.test(text);
}

/**
 * A password as it goes into a login, after RFC 8265's OpaqueString: every kind of space is a space,
 * and the text is in NFC, so that keyboards that compose differently agree. SASLprep's NFKC, which
 * RFC 5802 asks for, would make different passwords one (`²` and `2`).
 * @throws {SecurityError} where it is empty, too long, or holds control characters
 */
export function normalisePassword(password: string): string {
  const refuse = (what: string): SecurityError =>
    new SecurityError("invalid", `The password ${what}`);
  if (password === "") throw refuse("is empty: give one");
  if (!password.isWellFormed()) throw refuse("is not valid Unicode: choose another");
  if (CONTROLS.test(password)) {
    throw refuse("holds a control character or a line break: choose another");
  }
  const normal = password.replace(OTHER_SPACES, " ").normalize("NFC");
  if (Buffer.byteLength(normal) > MAX_PASSWORD) {
    throw refuse(`has more than ${MAX_PASSWORD} bytes: choose a shorter one`);
  }
  return normal;
}
