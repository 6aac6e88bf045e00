import type { Failure, SuccessCode } from "./codes.ts";
import { parseFields } from "./line.ts";
import { decodeText, encodeText } from "./text.ts";
import { ProtocolViolation } from "./violation.ts";

/** A reply as a client reads it: codes and words that this version does not know are kept. */
export type Reply =
  | { readonly ok: true; readonly code: number; readonly fields: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly code: number; readonly word: string; readonly message: string };

export type FieldValue = string | number | boolean | undefined;

const MAX_MESSAGE = 4096;
const UNPRINTABLE = /[^ -~]/gu;
const REPLY = /^[1-5][0-9]{2}(?: |$)/;
/** Where what follows the code begins. */
const REST = 4;
const WORD = /^[a-z][a-z-]*$/;

/** Writes a 1xx, 2xx or 3xx reply, LF included. A field that is undefined or false is left out. */
export function formatSuccess(code: SuccessCode, fields: Record<string, FieldValue> = {}): string {
  let line = String(code);
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined || value === false) continue;
    line += ` ${key}=${value === true ? "1" : encodeText(String(value))}`;
  }
  return `${line}\n`;
}

/** Writes a 4xx or 5xx reply, LF included. What is not printable ASCII is percent-encoded. */
export function formatFailure(failure: Failure, message: string): string {
  const printable = message
    .toWellFormed()
    .slice(0, MAX_MESSAGE)
    .toWellFormed()
    .replace(UNPRINTABLE, (c) => encodeURIComponent(c))
    .slice(0, MAX_MESSAGE);
  return `${failure.code} ${failure.word} ${printable}\n`;
}

/**
 * Reads a reply line.
 * @throws {ProtocolViolation} where it is none.
 */
export function parseReply(line: string): Reply {
  if (!REPLY.test(line)) {
    throw new ProtocolViolation("The server sent something that is no reply");
  }
  const code = Number(line.slice(0, REST - 1));
  const rest = line.slice(REST);
  if (code >= 400) {
    const space = rest.indexOf(" ");
    const word = space === -1 ? rest : rest.slice(0, space);
    if (!WORD.test(word)) throw new ProtocolViolation(`The reply ${code} has no word`);
    return { ok: false, code, word, message: space === -1 ? "" : rest.slice(space + 1) };
  }
  const fields = new Map<string, string>();
  for (const [key, encoded] of parseFields(line.length < REST ? [] : rest.split(" "))) {
    const value = decodeText(encoded);
    if (value === undefined || fields.has(key)) {
      throw new ProtocolViolation(`The reply ${code} has a bad field ${key}`);
    }
    fields.set(key, value);
  }
  return { ok: true, code, fields };
}
