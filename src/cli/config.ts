import { homedir } from "node:os";
import { BadAddress, parseAddress } from "../client/address.ts";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import type { NamedServer } from "../shell/context.ts";
import { nearest } from "../shell/nearest.ts";
import type { Flags, Setting } from "./args.ts";
import type { Entry, Value } from "./toml.ts";

/** The flag that chooses another configuration file. */
export const CONFIG_FLAG = {
  type: "string",
  valueHint: "FILE",
  flagOnly: true,
  description: "read this file instead of ~/.config/sftp/config.toml",
} as const;

/** What a configuration file says. */
export interface Config {
  /** What it sets under `[command]`, by the names of the flags. */
  settingsOf(command: string): ReadonlyMap<string, Setting>;
  /**
   * The server under `[servers.name]`.
   * @throws {CommandFailed} status 2, where there is none, but one of a name that is nearly the same
   */
  findServer(name: string): NamedServer | undefined;
  /** The names of all servers. */
  readonly serverNames: readonly string[];
}

/**
 * What may be said of a server: each a text, with what it has to be.
 * @throws {BadAddress} where it is not
 */
const SERVER_KEYS: Readonly<Record<keyof NamedServer, (text: string) => unknown>> = {
  address: parseAddress,
  token: (text) => {
    if (text === "") throw new BadAddress("it is empty: give it, or leave it out");
  },
};

/** What was read of a server so far, and the line where it begins. */
interface ServerEntry {
  readonly line: number;
  readonly texts: { -readonly [key in keyof NamedServer]?: string };
}

const SERVERS = "servers";
/** What names a server: no address, since that is digits alone or holds a colon. */
const SERVER_NAME = /^(?![0-9]*$)[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;
/** What flags take that a number may stand for. */
const NUMERIC: ReadonlySet<string | undefined> = new Set(["N", "SECONDS", "SIZE"]);
/** What flags take that may begin with `~/`. */
const PLACES: ReadonlySet<string | undefined> = new Set(["DIR", "FILE"]);

/** Takes the entries of a file, each of which has to be known and of its kind. */
export class Judge implements Config {
  readonly #file: string;
  readonly #commands: ReadonlyMap<string, Flags>;
  readonly #settings = new Map<string, Map<string, Setting>>();
  readonly #servers = new Map<string, ServerEntry>();

  constructor(file: string, commands: ReadonlyMap<string, Flags>) {
    this.#file = file;
    this.#commands = commands;
  }

  readonly settingsOf = (command: string): ReadonlyMap<string, Setting> =>
    this.#settings.get(command) ?? new Map();

  readonly findServer = (name: string): NamedServer | undefined => {
    const { address, ...others } = this.#servers.get(name)?.texts ?? {};
    if (address !== undefined) return { ...others, address };
    const names = this.serverNames;
    // Letters of any script take 0.1 ms to know.
    const meant = names.length > 0 && SERVER_NAME.test(name) ? nearest(name, names) : undefined;
    if (meant === undefined) return undefined;
    throw new CommandFailed(
      Status.usage,
      `There is no server ${name} in ${this.#file}: did you mean ${meant}?`,
    );
  };

  get serverNames(): readonly string[] {
    return [...this.#servers.keys()];
  }

  /** An error that tells where it is. */
  wrong(line: number, message: string): CommandFailed {
    return new CommandFailed(Status.usage, `${this.#file} line ${line}: ${message}`);
  }

  /** Whether there is something in it that nobody else may read. */
  get holdsSecrets(): boolean {
    return [...this.#servers.values()].some(({ texts }) => texts.token !== undefined);
  }

  take(entries: readonly Entry[]): void {
    for (const entry of entries) this.#takeOne(entry);
    for (const [name, { line, texts }] of this.#servers) {
      if (texts.address === undefined) {
        const example = `address = "192.0.2.7:12000"`;
        throw this.wrong(line, `The server ${name} has no address: give one, such as ${example}`);
      }
    }
  }

  #takeOne(entry: Entry): void {
    const [section = "", ...below] = entry.keys;
    const flags = this.#commands.get(section);
    if (flags === undefined && section !== SERVERS) throw this.#noSection(section, entry.line);
    if (below.length === 0 && entry.value.kind !== "table") {
      throw this.wrong(entry.line, `${section} is a section: write [${section}]`);
    }
    if (flags === undefined) this.#takeServer(below, entry);
    else this.#takeFlag(section, flags, below, entry);
  }

  #noSection(section: string, line: number): CommandFailed {
    const sections = [...this.#commands.keys(), SERVERS];
    const homes = [...this.#commands]
      .filter(([, flags]) => isSettable(flags, section))
      .map(([command]) => `[${command}]`);
    if (homes.length > 0) {
      return this.wrong(
        line,
        `${section} stands in no section: put it under ${homes.join(" or ")}`,
      );
    }
    const meant = nearest(section, sections);
    const hint =
      meant === undefined
        ? `the sections are ${sections.map((name) => `[${name}]`).join(", ")}`
        : `did you mean [${meant}]?`;
    return this.wrong(line, `There is no section [${section}]: ${hint}`);
  }

  #takeFlag(command: string, flags: Flags, [key, ...deeper]: string[], entry: Entry): void {
    if (key === undefined) return;
    const flag = flagOf(flags, key);
    if (flag?.flagOnly === true) {
      throw this.wrong(entry.line, `${key} is not for this file: it is the flag --${key} alone`);
    }
    if (flag === undefined || !isSettable(flags, key)) {
      const keys = Object.keys(flags).filter((name) => isSettable(flags, name));
      throw this.#noKey(`[${command}]`, key, keys, entry.line);
    }
    const from = `${this.#file} line ${entry.line}: ${key}`;
    const value = deeper.length > 0 ? undefined : textOf(flag, entry.value);
    if (value === undefined) {
      throw this.wrong(entry.line, `${key} wants ${wantedOf(key, flag)}`);
    }
    if (value === "") {
      throw this.wrong(entry.line, `${key} is empty: give it a value, or leave it out`);
    }
    const settings = this.#settings.get(command) ?? new Map<string, Setting>();
    this.#settings.set(command, settings.set(key, { value, from }));
  }

  #takeServer([name, key, ...deeper]: string[], { value, line }: Entry): void {
    if (name === undefined) return;
    if (!SERVER_NAME.test(name)) {
      throw this.wrong(
        line,
        `A server cannot be called ${name}: a name has letters, digits, dots, - and _, and more ` +
          "than digits, so that it is no port and no address",
      );
    }
    if (key === undefined && value.kind !== "table") {
      throw this.wrong(line, `${name} is a server: write [${SERVERS}.${name}]`);
    }
    const server: ServerEntry = this.#servers.get(name) ?? { line, texts: {} };
    this.#servers.set(name, server);
    if (key === undefined) return;
    if (!isServerKey(key)) {
      throw this.#noKey(`[${SERVERS}.${name}]`, key, Object.keys(SERVER_KEYS), line);
    }
    if (value.kind !== "text" || deeper.length > 0) {
      throw this.wrong(line, `${key} wants a text in quotes`);
    }
    try {
      SERVER_KEYS[key](value.text);
    } catch (error) {
      if (error instanceof BadAddress) throw this.wrong(line, `${key}: ${error.message}`);
      throw error;
    }
    server.texts[key] = value.text;
  }

  #noKey(section: string, key: string, keys: readonly string[], line: number): CommandFailed {
    const meant = nearest(key, keys);
    const hint = meant === undefined ? `there are ${keys.join(", ")}` : `did you mean ${meant}?`;
    return this.wrong(line, `There is no ${key} under ${section}: ${hint}`);
  }
}

function isServerKey(key: string): key is keyof NamedServer {
  return Object.hasOwn(SERVER_KEYS, key);
}

/** No flag is one of those names that each object has, such as `constructor`. */
function flagOf(flags: Flags, name: string): Flags[string] | undefined {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

function isSettable(flags: Flags, name: string): boolean {
  const flag = flagOf(flags, name);
  return flag !== undefined && flag.type !== "positional" && flag.flagOnly !== true;
}

/** A value as the command line would give it; `undefined` where it is of another kind. */
function textOf(flag: Flags[string], value: Value): string | undefined {
  if (flag.type === "boolean") return value.kind === "switch" ? String(value.on) : undefined;
  if (value.kind === "number") return NUMERIC.has(flag.valueHint) ? value.text : undefined;
  if (value.kind !== "text") return undefined;
  const home = PLACES.has(flag.valueHint) && /^~(?:\/|$)/.test(value.text);
  return home ? homedir() + value.text.slice(1) : value.text;
}

function wantedOf(key: string, flag: Flags[string]): string {
  if (flag.type === "boolean") return "true or false";
  const example = String(flag.default);
  if (!NUMERIC.has(flag.valueHint)) return `a text in quotes, such as ${key} = "${example}"`;
  return /^[0-9]+$/.test(example)
    ? `a number, such as ${key} = ${example}`
    : `a number, or a text in quotes, such as ${key} = "${example}"`;
}
