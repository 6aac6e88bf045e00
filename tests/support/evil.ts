import { expect } from "bun:test";

/** What a terminal, a log or a reader's eye could be led astray with; it can be in a file's name. */
export const EVIL =
  "\u001b[31;45mred\u001b]0;title\u0007\u001bc\u009b2J\u0085\r\b\u007f" +
  "\u202egnp.exe\u2066\u200f\u061c\u2028\u2029\t\nDELETE b";

/** Marks of it that no prompt or colour of the program's own can hold. */
export const MARKS = [
  "\u001b[31;45m",
  "\u001b]",
  "\u0007",
  "\u001bc",
  "\u009b",
  "\u0085",
  "\u202e",
  "\u2066",
  "\u200f",
  "\u061c",
  "\u2028",
  "\u2029",
];

/** It as the server may put it in a line: every byte encoded. */
export const EVIL_ENCODED = Array.from(
  Buffer.from(EVIL),
  (byte) => `%${byte.toString(16).padStart(2, "0")}`,
).join("");

// oxlint-disable-next-line no-control-regex
const HARMLESS = /^(?:\n|[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}])*$/u;

/** Demands that nothing in a text is obeyed by a terminal, but line ends. */
export function expectHarmless(text: string, what: string): void {
  if (HARMLESS.test(text)) return;
  expect(JSON.stringify(text), what).toBe("harmless");
}

/** Demands the same of both outputs of a program, and of JSON that it is of printable ASCII. */
export function expectAllHarmless(
  ran: { readonly stdout: string; readonly stderr: string },
  what: string,
  json = false,
): void {
  expectHarmless(ran.stdout, what);
  expectHarmless(ran.stderr, what);
  if (json) expect(ran.stdout, what).toMatch(/^(?:[ -~]+\n)*$/);
}
