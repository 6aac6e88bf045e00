import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { SYSTEM } from "../platform/system.ts";
import type { Flags } from "./args.ts";
import { Judge, type Config } from "./config.ts";
import { configFolder } from "./state-folder.ts";

/**
 * Reads the configuration file, if there is one, and judges all of it.
 * @param chosen the file that was asked for, which then has to exist
 * @param commands the flags of each command
 * @throws {CommandFailed} status 2
 */
export async function readConfig(
  chosen: string | undefined,
  commands: ReadonlyMap<string, Flags>,
): Promise<Config> {
  const file = chosen ?? join(configFolder(), "config.toml");
  const text = await readText(file, chosen !== undefined);
  const judge = new Judge(file, commands);
  if (text !== undefined) {
    // A start without a configuration file does not pay for the parser.
    const { BadToml, readToml } = await import("./toml.ts");
    try {
      judge.take(readToml(text));
    } catch (error) {
      if (error instanceof BadToml) throw judge.wrong(error.line, error.message);
      throw error;
    }
    if (judge.holdsSecrets) await refuseReadable(file);
  }
  return judge;
}

/** @throws {CommandFailed} status 4, where others can read the file */
async function refuseReadable(file: string): Promise<void> {
  if (!SYSTEM.hasModes || ((await stat(file)).mode & 0o077) === 0) return;
  throw new CommandFailed(
    Status.trust,
    `Others can read ${file}, which holds a token: chmod 600 ${file}`,
  );
}

async function readText(file: string, needed: boolean): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const missing = code === "ENOENT" || code === "ENOTDIR";
    if (missing && !needed) return undefined;
    const why = missing ? "there is no such file" : code === "EISDIR" ? "it is a folder" : code;
    throw new CommandFailed(Status.usage, `Cannot read the configuration ${file}: ${why}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CommandFailed(Status.usage, `Cannot read the configuration ${file}: it is not UTF-8`);
  }
}
