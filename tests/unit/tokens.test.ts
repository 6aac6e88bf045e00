import { expect, test } from "bun:test";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { parseArgs } from "node:util";
import { tokensOf, type Flag, type Token } from "../../src/cli/tokens.ts";

const FLAGS: Readonly<Record<string, Flag>> = {
  command: { type: "string", short: "c" },
  batch: { type: "string", short: "b" },
  quiet: { type: "boolean", short: "q" },
  "dry-run": { type: "boolean", short: "n" },
  root: { type: "string" },
  json: { type: "boolean" },
};

/** The same as the runtime tells it. */
function runtimesTokens(args: string[]): Token[] {
  const { tokens } = parseArgs({
    args,
    options: FLAGS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.map((token) => {
    if (token.kind === "option-terminator") return { kind: "terminator" };
    if (token.kind === "positional") return { kind: token.kind, value: token.value };
    const { kind, name, rawName, value, inlineValue = false } = token;
    return { kind, name, rawName, value, inline: inlineValue };
  });
}

test("tokensOf() tells words apart as the runtime does when they are any", () => {
  const known = [
    "--",
    "-",
    "--=",
    "--=x",
    "--==",
    "--=a=b",
    "---",
    "-c",
    "-q",
    "-nq",
    "-qc",
    "-qcGET",
    "-cq",
    "-nx",
  ];
  const long = [
    "--command",
    "--command=",
    "--root=a=b",
    "--json=1",
    "--quiet",
    "--toString",
    "-x=",
  ];
  const word = oneof(
    constantFrom(...known, ...long, "GET a", ""),
    string(),
    string().map((text) => `-${text}`),
    string().map((text) => `--${text}`),
  );
  assert(
    property(array(word, { maxLength: 6 }), (words) => {
      expect(tokensOf(words, FLAGS)).toEqual(runtimesTokens(words));
    }),
    { numRuns: 2000 },
  );
});
