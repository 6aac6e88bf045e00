import type { ArgsDef, CommandDef } from "citty";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { nearest } from "../shell/nearest.ts";
import { CALLED } from "../platform/called.ts";
import { tokensOf, type Flag } from "./tokens.ts";

const HELP: ReadonlySet<string> = new Set(["help", "h"]);

/**
 * The flags and words of a command: the one table that the command line, the environment, the
 * configuration file and the help are read by.
 */
export type Flags = Record<
  string,
  ArgsDef[string] & {
    /** Neither the environment nor the configuration file sets it. */
    readonly flagOnly?: true;
    /** Its environment variable, where that is another than `SFTP_` and its name. */
    readonly variable?: string;
  }
>;

/** The flags and words that a command is defined with. */
export async function flagsOf({ args }: CommandDef<Flags>): Promise<Flags> {
  return (typeof args === "function" ? await args() : await args) ?? {};
}

/** A value, and what set it: `--port`, `SFTP_PORT`, or a line of the configuration file. */
export interface Setting {
  readonly value: string;
  readonly from: string;
}

/** What a command is given. */
interface Given {
  readonly flags: Flags;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly switches: ReadonlyMap<string, boolean>;
  readonly words: readonly string[];
  /** What the configuration file sets, by the names of the flags. */
  readonly file: ReadonlyMap<string, Setting>;
}

/** The flags and words of a command line, all of them known. */
export class Arguments {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  /** The same with what the configuration file sets, by the names of the flags. */
  withFile(file: ReadonlyMap<string, Setting>): Arguments {
    return new Arguments({ ...this.#given, file });
  }

  /** How the command defines its flags. */
  get flags(): Flags {
    return this.#given.flags;
  }

  /** What the configuration file sets, by the names of the flags. */
  get file(): ReadonlyMap<string, Setting> {
    return this.#given.file;
  }

  /** The words that are no flags, in order. */
  get words(): readonly string[] {
    return this.#given.words;
  }

  /** The value of a flag: the last where it was given several times. */
  value(name: string): string | undefined {
    return this.#given.values.get(name)?.at(-1);
  }

  /** All values of a flag that can be repeated. */
  values(name: string): readonly string[] {
    return this.#given.values.get(name) ?? [];
  }

  /** Whether a flag that takes no value was given. */
  has(name: string): boolean {
    return this.switched(name) === true;
  }

  /** What a flag that takes no value was last given as: `--name` or `--no-name`. */
  switched(name: string): boolean | undefined {
    return this.#given.switches.get(name);
  }
}

/**
 * Reads a command line strictly: citty itself lets unknown flags pass.
 * @param others the flags of the other commands, which may have been meant
 * @throws {CommandFailed} status 2
 */
export function readArguments(
  command: string,
  flags: Flags,
  raw: string[],
  others: ReadonlyMap<string, Flags> = new Map(),
): Arguments {
  const usage = (message: string): CommandFailed =>
    new CommandFailed(Status.usage, `${message}: see ${CALLED} ${command} --help`);
  const known = new Map<string, { name: string; takesValue: boolean; on: boolean }>();
  let mostWords = 0;
  const options: Record<string, Flag> = {};
  for (const [name, argument] of Object.entries(flags)) {
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
    known.set(name, { name, takesValue, on: true });
    // It takes back what the environment or the configuration file has turned on.
    if (!takesValue && argument.flagOnly !== true) {
      known.set(`no-${name}`, { name, takesValue, on: false });
    }
  }
  const isFlag = (text: string): boolean =>
    [...known.keys(), "help"].some((name) => text === `--${name}`);
  const tokens = tokensOf(raw, options);
  const values = new Map<string, string[]>();
  const switches = new Map<string, boolean>();
  const words: string[] = [];
  const file = new Map<string, Setting>();
  const helpAsked = tokens.some((token) => token.kind === "option" && HELP.has(token.name));
  if (helpAsked) {
    return new Arguments({ flags, values, switches: new Map([["help", true]]), words, file });
  }
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) {
      const short = token.name.length === 1 ? onlyFlagWith(token.name, options) : undefined;
      const meant = short ?? nearest(token.name, [...known.keys()]);
      const next = tokens[index + 1];
      const behind = short !== undefined && next?.kind === "positional" ? ` ${next.value}` : "";
      const elsewhere = [...others.keys()].find(
        (name) => name !== command && Object.hasOwn(others.get(name) ?? {}, token.name),
      );
      const guess = meant === undefined ? "" : ` (did you mean --${meant}${behind}?)`;
      const hint = elsewhere === undefined ? guess : ` (${CALLED} ${elsewhere} has it)`;
      throw usage(`There is no flag ${token.rawName}${hint}`);
    }
    if (!flag.takesValue) {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value`);
      switches.set(flag.name, flag.on);
    } else if (token.value === undefined || (!token.inline && isFlag(token.value))) {
      throw usage(`${token.rawName} needs a value`);
    } else {
      values.set(flag.name, [...(values.get(flag.name) ?? []), token.value]);
    }
  }
  const extra = words[mostWords];
  if (extra !== undefined) {
    const isPort = "port" in options && /^[0-9]{1,5}$/.test(extra);
    const hint = isPort ? ` (did you mean --port ${extra}?)` : "";
    throw usage(`There is a word too many: ${extra}${hint}`);
  }
  return new Arguments({ flags, values, switches, words, file });
}

/**
 * The one flag that takes a value and begins with a letter, where there is only one: `port` alone is
 * meant by `-p`, though there is `proxy-protocol`, since letters stand for single words.
 */
function onlyFlagWith(
  letter: string,
  options: Readonly<Record<string, { readonly type: string }>>,
): string | undefined {
  const found = Object.keys(options).filter((name) => name.startsWith(letter));
  const singleWords = found.filter((name) => !name.includes("-"));
  const [only, ...others] = singleWords.length > 0 ? singleWords : found;
  if (only === undefined || others.length > 0) return undefined;
  return options[only]?.type === "string" ? only : undefined;
}
