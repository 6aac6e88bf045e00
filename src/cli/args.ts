import type { ArgsDef } from "citty";
import { parseArgs } from "node:util";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { nearest } from "../shell/nearest.ts";

const HELP: ReadonlySet<string> = new Set(["help", "h"]);

/** The flags and words of a command line, all of them known. */
export class Arguments {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #flags: ReadonlySet<string>;
  /** The words that are no flags, in order. */
  readonly words: readonly string[];

  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    flags: ReadonlySet<string>,
    words: readonly string[],
  ) {
    this.#values = values;
    this.#flags = flags;
    this.words = words;
  }

  /** The value of a flag: the last where it was given several times. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** All values of a flag that can be repeated. */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Whether a flag that takes no value was given. */
  has(name: string): boolean {
    return this.#flags.has(name);
  }
}

/**
 * Reads a command line strictly: citty itself lets unknown flags pass.
 * @throws {CommandFailed} status 2
 */
export function readArguments(command: string, definition: ArgsDef, raw: string[]): Arguments {
  const usage = (message: string): CommandFailed =>
    new CommandFailed(Status.usage, `${message}: see sftp ${command} --help`);
  const known = new Map<string, { name: string; takesValue: boolean }>();
  let mostWords = 0;
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const [name, argument] of Object.entries(definition)) {
    if (argument.type === "positional") {
      mostWords++;
      continue;
    }
    const takesValue = argument.type !== "boolean";
    const short = "alias" in argument ? [argument.alias ?? []].flat()[0] : undefined;
    options[name] = {
      type: takesValue ? "string" : "boolean",
      ...(short === undefined ? {} : { short }),
    };
    known.set(name, { name, takesValue });
  }
  const isFlag = (text: string): boolean =>
    [...known.keys(), "help"].some((name) => text === `--${name}`);
  const { tokens } = parseArgs({
    args: raw,
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  const words: string[] = [];
  const helpAsked = tokens.some((token) => token.kind === "option" && HELP.has(token.name));
  if (helpAsked) return new Arguments(values, new Set(["help"]), words);
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) {
      const meant = nearest(token.name, [...known.keys()]);
      const hint = meant === undefined ? "" : ` (did you mean --${meant}?)`;
      throw usage(`There is no flag ${token.rawName}${hint}`);
    }
    if (!flag.takesValue) {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value`);
      flags.add(flag.name);
    } else if (token.value === undefined || (token.inlineValue !== true && isFlag(token.value))) {
      throw usage(`${token.rawName} needs a value`);
    } else {
      values.set(flag.name, [...(values.get(flag.name) ?? []), token.value]);
    }
  }
  const extra = words[mostWords];
  if (extra !== undefined) throw usage(`There is a word too many: ${extra}`);
  return new Arguments(values, flags, words);
}

/**
 * A flag's value; where it was not given, that of its environment variable, or else a default.
 * @throws {CommandFailed} status 2, where the flag is empty
 */
export function setting(
  given: Arguments,
  name: string,
  variable: string,
  fallback: string,
): { readonly value: string; readonly from: string } {
  const flag = given.value(name);
  if (flag === "") {
    throw new CommandFailed(Status.usage, `--${name} is empty: give it a value, or leave it out`);
  }
  if (flag !== undefined) return { value: flag, from: `--${name}` };
  const environment = process.env[variable];
  if (environment !== undefined && environment !== "")
    return { value: environment, from: variable };
  return { value: fallback, from: `--${name}` };
}

/**
 * A flag's value, or that of its environment variable; `undefined` where neither was given.
 * @throws {CommandFailed} status 2, where the flag is empty
 */
export function optionalSetting(
  given: Arguments,
  name: string,
  variable: string,
): { readonly value: string; readonly from: string } | undefined {
  const found = setting(given, name, variable, "");
  return found.value === "" ? undefined : found;
}

/** The longest that a timer runs, in milliseconds: about 24 days. */
const LONGEST_MS = 2_147_483_000;

/** Seven days, in seconds, as a flag's default. */
export const WEEK = "604800";

/**
 * Reads a number of things.
 * @throws {CommandFailed} status 2
 */
export function readCount({ value, from }: { value: string; from: string }): number {
  if (/^[0-9]{1,6}$/.test(value)) return Number(value);
  throw new CommandFailed(Status.usage, `${from} ${value} is no number: give one, such as 5`);
}

/**
 * Reads a number of seconds.
 * @returns milliseconds
 * @throws {CommandFailed} status 2
 */
export function readSeconds({ value, from }: { value: string; from: string }): number {
  const ms = /^[0-9]{1,7}(?:\.[0-9]{1,3})?$/.test(value) ? Math.round(Number(value) * 1000) : NaN;
  if (ms <= LONGEST_MS) return ms;
  throw new CommandFailed(
    Status.usage,
    `${from} ${value} is no time: give seconds, such as 10 or 0.5, up to ${LONGEST_MS / 1000}`,
  );
}

const SIZE_UNITS = ["", "K", "M", "G", "T"] as const;

/**
 * Reads a size: bytes, or with K, M, G or T multiples of 1,024.
 * @returns bytes
 * @throws {CommandFailed} status 2
 */
export function readSize({ value, from }: { value: string; from: string }): number {
  const [, digits, unit] = /^([0-9]{1,15})([KMGT]?)$/i.exec(value) ?? [];
  const power = SIZE_UNITS.findIndex((known) => known === unit?.toUpperCase());
  const bytes = Number(digits) * 1024 ** power;
  if (power !== -1 && Number.isSafeInteger(bytes)) return bytes;
  throw new CommandFailed(
    Status.usage,
    `${from} ${value} is no size: give bytes, or a number with K, M, G or T, such as 64K`,
  );
}
