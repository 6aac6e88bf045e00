import { ProtocolViolation } from "./violation.ts";

/** A request line, or a line of a body, in its fields: grammatical, but not yet understood. */
export interface Line {
  /** In upper case. */
  readonly verb: string;
  /** Still encoded; `undefined` where the line has none. */
  readonly path: string | undefined;
  /** In the order of the line, values still encoded. */
  readonly fields: readonly (readonly [key: string, value: string])[];
}

const VALUE = "(?:[A-Za-z0-9\\-._~/,]|%[0-9A-Fa-f]{2})";
const VERB = /^[A-Za-z]{1,16}$/;
const PATH = new RegExp(`^(?!/)${VALUE}+$`);
const FIELD = new RegExp(`^[a-z][a-z0-9-]*=${VALUE}*$`);

/**
 * Splits a line into its verb, path and fields.
 * @throws {ProtocolViolation} where the line is not grammatical.
 */
export function parseLine(text: string): Line {
  const [verb = "", ...rest] = text.split(" ");
  if (!VERB.test(verb)) throw new ProtocolViolation("The line does not begin with a verb");
  let path: string | undefined;
  const first = rest[0];
  if (first !== undefined && !first.includes("=")) {
    if (!PATH.test(first)) throw new ProtocolViolation("The path is not grammatical");
    path = first;
    rest.shift();
  }
  return { verb: verb.toUpperCase(), path, fields: parseFields(rest) };
}

/**
 * Reads `key=value` words, values still encoded.
 * @throws {ProtocolViolation} where one is not grammatical.
 */
export function parseFields(words: readonly string[]): (readonly [string, string])[] {
  return words.map((word) => {
    if (!FIELD.test(word)) throw new ProtocolViolation("A field is not of the form key=value");
    const end = word.indexOf("=");
    return [word.slice(0, end), word.slice(end + 1)];
  });
}
