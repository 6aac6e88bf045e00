import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import type { Arguments, Flags, Setting } from "./args.ts";

/** The environment variable of a flag, where it has one: `SFTP_IDLE_TIMEOUT` of `idle-timeout`. */
export function variableOf(flags: Flags, name: string): string | undefined {
  const flag = flags[name];
  if (flag === undefined || flag.type === "positional" || flag.flagOnly === true) return undefined;
  return flag.variable ?? plainVariableOf(name);
}

/** The environment variable that a flag has unless it names another. */
export function plainVariableOf(name: string): string {
  return `SFTP_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * The value of a flag: of the command line, or else of the environment, the configuration file, or
 * its definition's default.
 * @throws {CommandFailed} status 2, where the flag is empty
 */
export function setting(given: Arguments, name: string): Setting {
  const from = `--${name}`;
  const value = given.value(name);
  if (value === "") {
    throw new CommandFailed(Status.usage, `${from} is empty: give it a value, or leave it out`);
  }
  if (value !== undefined) return { value, from };
  return besides(given, name) ?? { value: String(given.flags[name]?.default ?? ""), from };
}

/**
 * The value of a flag that has no default; `undefined` where nothing sets it.
 * @throws {CommandFailed} status 2, where the flag is empty
 */
export function optionalSetting(given: Arguments, name: string): Setting | undefined {
  const found = setting(given, name);
  return found.value === "" ? undefined : found;
}

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
]);

/**
 * Whether a flag that takes no value is on, by the command line, or else the environment (1 or 0),
 * or the configuration file.
 * @throws {CommandFailed} status 2, where the environment says neither
 */
export function isOn(given: Arguments, name: string): boolean {
  const switched = given.switched(name);
  if (switched !== undefined) return switched;
  const set = besides(given, name);
  if (set === undefined) return false;
  const on = SWITCHES.get(set.value.toLowerCase());
  if (on !== undefined) return on;
  throw new CommandFailed(
    Status.usage,
    `${set.from} ${set.value} is neither on nor off: give 1 or 0`,
  );
}

/** What sets a flag that the command line does not: an empty variable is taken for none. */
function besides(given: Arguments, name: string): Setting | undefined {
  const variable = variableOf(given.flags, name);
  const value = variable === undefined ? undefined : process.env[variable];
  if (variable === undefined || value === undefined || value === "") return given.file.get(name);
  return { value, from: variable };
}

/** Says behind a value what set it, where nobody typed it: ` (set by SFTP_SERVE_ROOT)`. */
export function saidBy({ from }: Setting): string {
  return from.startsWith("--") ? "" : ` (set by ${from})`;
}

/** The longest that a timer runs, in milliseconds: about 24 days. */
const LONGEST_MS = 2_147_483_000;

/** Seven days, in seconds, as a flag's default. */
export const WEEK = "604800";

/**
 * Reads a number of things.
 * @throws {CommandFailed} status 2
 */
export function readCount({ value, from }: Setting): number {
  if (/^[0-9]{1,6}$/.test(value)) return Number(value);
  if (/^[0-9]+$/.test(value)) {
    throw new CommandFailed(Status.usage, `${from} ${value} is too many: give at most 999999`);
  }
  throw new CommandFailed(Status.usage, `${from} ${value} is no number: give one, such as 5`);
}

/**
 * Reads a number of seconds.
 * @returns milliseconds
 * @throws {CommandFailed} status 2
 */
export function readSeconds({ value, from }: Setting): number {
  const ms = /^[0-9]{1,7}(?:\.[0-9]{1,3})?$/.test(value) ? Math.round(Number(value) * 1000) : NaN;
  if (ms <= LONGEST_MS) return ms;
  throw new CommandFailed(
    Status.usage,
    `${from} ${value} is no time: give seconds, such as 10 or 0.5, up to ${LONGEST_MS / 1000}`,
  );
}

/**
 * Reads how long is waited for something, in seconds.
 * @returns milliseconds, at least 1
 * @throws {CommandFailed} status 2
 */
export function readWait(set: Setting): number {
  const ms = readSeconds(set);
  if (ms > 0) return ms;
  throw new CommandFailed(
    Status.usage,
    `${set.from} ${set.value} would wait for nothing at all: give seconds, such as 10 or 0.5`,
  );
}

const SIZE_UNITS = ["", "K", "M", "G", "T"] as const;

/**
 * Reads a size: bytes, or with K, M, G or T multiples of 1,024.
 * @returns bytes
 * @throws {CommandFailed} status 2
 */
export function readSize({ value, from }: Setting): number {
  const [, digits, unit] = /^([0-9]{1,15})([KMGT]?)$/i.exec(value) ?? [];
  const power = SIZE_UNITS.findIndex((known) => known === unit?.toUpperCase());
  const bytes = Number(digits) * 1024 ** power;
  if (power !== -1 && Number.isSafeInteger(bytes)) return bytes;
  throw new CommandFailed(
    Status.usage,
    `${from} ${value} is no size: give a whole number of bytes, or of K, M, G or T, such as 1536 or 64K`,
  );
}
