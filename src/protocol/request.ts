import type { Failure } from "./codes.ts";
import { parseLine, type Line } from "./line.ts";
import { MOST_TOGETHER } from "./limits.ts";
import { BadPath, decodeNames, decodePath, encodePath, type Path } from "./path.ts";
import { parseDecimal, parseDigest, formatDigest } from "./text.ts";

const PART_KEY = /^[0-9a-f]{32}$/;
const MECHANISM = /^[A-Z0-9_-]{1,20}$/;
const BASE64URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;

/** What a key's value may be; each kind reads and writes one type. */
const KINDS = {
  integer: { read: parseDecimal, write: String as (value: number) => string },
  digest: { read: parseDigest, write: formatDigest },
  flag: {
    read: (text: string): true | undefined => (text === "1" ? true : undefined),
    write: (): string => "1",
  },
  absent: {
    read: (text: string): "absent" | undefined => (text === "absent" ? "absent" : undefined),
    write: (value: "absent"): string => value,
  },
  /** The right to a part of an upload: 32 lower-case hex digits. */
  key: {
    read: (text: string): string | undefined => (PART_KEY.test(text) ? text : undefined),
    write: (key: string): string => key,
  },
  /** The name of a way to log in (RFC 4422). */
  mechanism: {
    read: (text: string): string | undefined => (MECHANISM.test(text) ? text : undefined),
    write: (name: string): string => name,
  },
  /** Bytes in base64url without padding (RFC 4648). */
  base64url: {
    read: (text: string): string | undefined => (BASE64URL.test(text) ? text : undefined),
    write: (text: string): string => text,
  },
  path: { read: readPath, write: encodePath },
  /** Names of files in one folder. */
  names: { read: readNames, write: encodePath as (names: readonly string[]) => string },
} as const;

type Kind = keyof typeof KINDS;
type ValueOf<K extends Kind> = Exclude<ReturnType<(typeof KINDS)[K]["read"]>, undefined>;

/** The grammar of requests: whether a verb takes a path, and which keys with which values. */
export const GRAMMAR = {
  GET: { path: "required", keys: { offset: "integer" } },
  PUT: {
    path: "required",
    keys: {
      size: "integer",
      mtime: "integer",
      exec: "flag",
      if: "absent",
      part: "key",
      offset: "integer",
    },
  },
  HELD: { path: "required", keys: { part: "key" }, requires: "part" },
  PACK: { path: "optional", keys: { names: "names" }, requires: "names" },
  UNPACK: { path: "optional", keys: { names: "names" }, requires: "names" },
  LIST: { path: "optional", keys: { recursive: "flag" } },
  STAT: { path: "optional", keys: { digest: "flag", upto: "integer" } },
  MKDIR: { path: "required", keys: {} },
  DELETE: { path: "required", keys: {} },
  RENAME: { path: "required", keys: { to: "path" }, requires: "to" },
  AUTH: { path: "none", keys: { mechanism: "mechanism", data: "base64url" }, requires: "data" },
  ABORT: { path: "none", keys: {} },
  NOOP: { path: "none", keys: {} },
  QUIT: { path: "none", keys: {} },
} as const satisfies Record<string, VerbGrammar>;

/** What may stand only within a body that a client sends, and ends it. */
const BODY_GRAMMAR = {
  END: { path: "none", keys: { digest: "digest" } },
  ABORT: { path: "none", keys: { drop: "flag" } },
} as const satisfies Record<string, VerbGrammar>;

interface VerbGrammar {
  readonly path: "required" | "optional" | "none";
  readonly keys: Readonly<Record<string, Kind>>;
  /** A key that may not be missing. */
  readonly requires?: string;
}

export type Verb = keyof typeof GRAMMAR;
type BodyVerb = keyof typeof BODY_GRAMMAR;

type RequiredKey<G extends VerbGrammar> = G extends { readonly requires: infer K } ? K : never;

type KeysOf<G extends VerbGrammar> = {
  readonly [K in keyof G["keys"] as K extends RequiredKey<G> ? K : never]: ValueOf<G["keys"][K]>;
} & {
  readonly [K in keyof G["keys"] as K extends RequiredKey<G> ? never : K]?: ValueOf<G["keys"][K]>;
};

interface RequestOf<V extends string, G extends VerbGrammar> {
  readonly verb: V;
  readonly path: Path;
  readonly keys: KeysOf<G>;
}

/** A request that was understood. The path of a verb that was given none is the root. */
export type Request<V extends Verb = Verb> = RequestOf<V, (typeof GRAMMAR)[V]>;
/** Any request, so that its verb tells its keys. */
export type AnyRequest = { [V in Verb]: Request<V> }[Verb];
/** What ends a body that a client sends. */
export type BodyEnd = { [V in BodyVerb]: RequestOf<V, (typeof BODY_GRAMMAR)[V]> }[BodyVerb];

/** Whether a verb's request is followed by a body. */
export function hasBody(verb: string): boolean {
  return verb === "PUT" || verb === "UNPACK";
}

/** A grammatical line that asks for nothing that can be done: the reply says why. */
export interface Rejection {
  readonly verb: string;
  readonly failure: Failure;
  readonly message: string;
}

export type Understood<R> =
  | { readonly ok: true; readonly request: R }
  | { readonly ok: false; readonly rejection: Rejection };

/**
 * Understands a request line.
 * @throws {ProtocolViolation} where it is not grammatical.
 */
export function parseRequest(text: string): Understood<AnyRequest> {
  return understand(parseLine(text), GRAMMAR) as Understood<AnyRequest>;
}

/** Understands a line that ends a body; `undefined` where it is none. */
export function parseBodyEnd(text: string): Understood<BodyEnd> | undefined {
  const line = parseLine(text);
  return Object.hasOwn(BODY_GRAMMAR, line.verb)
    ? (understand(line, BODY_GRAMMAR) as Understood<BodyEnd>)
    : undefined;
}

/** Writes a request as a line, LF included. */
export function formatRequest<V extends Verb>(
  verb: V,
  path: Path,
  keys: Request<V>["keys"],
): string {
  return formatLine(verb, path, keys, GRAMMAR[verb]);
}

/** Writes the line that ends a body, LF included. */
export function formatBodyEnd<V extends BodyVerb>(
  verb: V,
  keys: KeysOf<(typeof BODY_GRAMMAR)[V]>,
): string {
  return formatLine(verb, [], keys, BODY_GRAMMAR[verb]);
}

function formatLine(
  verb: string,
  path: Path,
  keys: Readonly<Record<string, unknown>>,
  grammar: VerbGrammar,
): string {
  let line = path.length > 0 ? `${verb} ${encodePath(path)}` : verb;
  for (const key in keys) {
    const value = keys[key];
    const kind = grammar.keys[key];
    if (kind === undefined || value === undefined) continue;
    line += ` ${key}=${(KINDS[kind].write as (value: unknown) => string)(value)}`;
  }
  return `${line}\n`;
}

function understand(
  line: Line,
  grammars: Readonly<Record<string, VerbGrammar>>,
): Understood<{ verb: string; path: Path; keys: Record<string, unknown> }> {
  const { verb } = line;
  const reject = (failure: Failure, message: string) =>
    ({ ok: false, rejection: { verb, failure, message } }) as const;
  const argument = (message: string) => reject({ code: 501, word: "argument" }, message);

  const grammar = Object.hasOwn(grammars, verb) ? grammars[verb] : undefined;
  if (grammar === undefined) {
    return reject({ code: 500, word: "syntax" }, `There is no verb ${verb}`);
  }
  const keys: Record<string, unknown> = {};
  for (const [key, text] of line.fields) {
    const kind = Object.hasOwn(grammar.keys, key) ? grammar.keys[key] : undefined;
    if (kind === undefined) return argument(`${verb} takes no key ${key}`);
    if (Object.hasOwn(keys, key)) return argument(`The key ${key} is given twice`);
    let value: unknown;
    try {
      value = KINDS[kind].read(text);
    } catch (error) {
      if (!(error instanceof BadPath)) throw error;
      return reject({ code: 553, word: "name" }, error.message);
    }
    if (value === undefined) return argument(`${text} is no value for the key ${key}`);
    keys[key] = value;
  }
  if (grammar.requires !== undefined && !Object.hasOwn(keys, grammar.requires)) {
    return argument(`${verb} needs the key ${grammar.requires}`);
  }
  if (line.path === undefined) {
    if (grammar.path === "required") return argument(`${verb} needs a path`);
    return { ok: true, request: { verb, path: [], keys } };
  }
  if (grammar.path === "none") return argument(`${verb} takes no path`);
  try {
    return { ok: true, request: { verb, path: decodePath(line.path), keys } };
  } catch (error) {
    if (!(error instanceof BadPath)) throw error;
    return reject({ code: 553, word: "name" }, error.message);
  }
}

function readNames(encoded: string): readonly string[] | undefined {
  const names = decodeNames(encoded);
  return names.length <= MOST_TOGETHER && !names.includes("") ? names : undefined;
}

function readPath(encoded: string): Path | undefined {
  return encoded === "" || encoded.startsWith("/") ? undefined : decodePath(encoded);
}
