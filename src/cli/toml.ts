import { ParseError, parseTOML, type AST } from "toml-eslint-parser";

/** What stands behind a key, as far as a configuration has a use for it. */
export type Value =
  | { readonly kind: "text"; readonly text: string }
  /** As JavaScript writes it: `0x10` is 16. */
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "switch"; readonly on: boolean }
  | { readonly kind: "table" | "list" | "date" };

/** A key of a document with its value, or the head of a table. */
export interface Entry {
  /** The key with those of the tables that it lies in, from the top. */
  readonly keys: readonly string[];
  readonly value: Value;
  /** Where the key stands, from 1 on. */
  readonly line: number;
}

/** Why a text is no TOML. */
export class BadToml extends Error {
  override readonly name = "BadToml";
  /** From 1 on. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads TOML 1.0 as entries with their lines, in the order of the text. What lies in a list is not
 * looked at.
 * @throws {BadToml}
 */
export function readToml(text: string): Entry[] {
  try {
    const [top] = parseTOML(withoutMark(text), { tomlVersion: "1.0" }).body;
    return top.body.flatMap((node) =>
      node.type === "TOMLTable" ? entriesOfTable(node) : entriesOfPair([], node),
    );
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const hint = error.message === "Unexpected character" ? " (texts stand in quotes)" : "";
    throw new BadToml(lineOf(error, withoutMark(text)), error.message + hint);
  }
}

/** What the parser says when something is missing, be it only before the end of a line. */
const MISSING =
  /^(?:Unspecified|Unterminated (?:table|array|inline)|Expected (?:equal|comma)|The key, equals sign)/;

/** The parser stands at what comes next where something is missing, maybe lines below. */
function lineOf({ message, index, lineNumber }: ParseError, text: string): number {
  const before = text.slice(0, index).trimEnd();
  return MISSING.test(message) || before.endsWith("=") ? before.split("\n").length : lineNumber;
}

/** Editors of some systems begin a file with a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function entriesOfTable(table: AST.TOMLTable): Entry[] {
  const keys = keysOf(table.key);
  const { line } = table.key.loc.start;
  if (table.kind === "array") return [{ keys, value: { kind: "list" }, line }];
  // In a table of a list: that list is what is told of.
  if (table.resolvedKey.length !== keys.length) return [];
  return [
    { keys, value: { kind: "table" }, line },
    ...table.body.flatMap((pair) => entriesOfPair(keys, pair)),
  ];
}

function entriesOfPair(above: readonly string[], { key, value }: AST.TOMLKeyValue): Entry[] {
  const keys = [...above, ...keysOf(key)];
  const { line } = key.loc.start;
  const entry: Entry = { keys, value: valueOf(value), line };
  if (value.type !== "TOMLInlineTable") return [entry];
  return [entry, ...value.body.flatMap((pair) => entriesOfPair(keys, pair))];
}

function keysOf({ keys }: AST.TOMLKey): string[] {
  return keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value));
}

function valueOf(node: AST.TOMLContentNode): Value {
  if (node.type === "TOMLArray") return { kind: "list" };
  if (node.type === "TOMLInlineTable") return { kind: "table" };
  switch (node.kind) {
    case "string":
      return { kind: "text", text: node.value };
    case "integer":
      return { kind: "number", text: String(node.bigint) };
    case "float":
      return { kind: "number", text: String(node.value) };
    case "boolean":
      return { kind: "switch", on: node.value };
    default:
      return { kind: "date" };
  }
}
