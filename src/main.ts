import type { CommandDef } from "citty";
import { flagsOf, readArguments, type Arguments, type Flags } from "./cli/args.ts";
import { readConfig } from "./cli/config-file.ts";
import type { Config } from "./cli/config.ts";
import { connect, runConnect } from "./cli/connect.ts";
import { openSshHabit } from "./cli/habits.ts";
import { commandHelp, programHelp } from "./cli/help.ts";
import {
  checkRoomForOutput,
  createMessages,
  flushOutput,
  surviveLostOutput,
  writeData,
} from "./cli/output.ts";
import { runServe, serve } from "./cli/serve.ts";
import { isOn } from "./cli/settings.ts";
import { runUser, user } from "./cli/user.ts";
import { versionLine } from "./cli/version.ts";
import { CommandFailed, toCommandFailed } from "./client/errors.ts";
import { Status } from "./client/status.ts";
import { formatEvent } from "./observe/events.ts";
import { nearest } from "./shell/nearest.ts";

const subCommands: Readonly<
  Record<
    string,
    {
      definition: CommandDef<Flags>;
      run: (given: Arguments, config: Config) => Promise<Status>;
    }
  >
> = {
  serve: { definition: serve, run: runServe },
  connect: { definition: connect, run: runConnect },
  user: { definition: user, run: runUser },
};

async function main(argv: readonly string[]): Promise<Status> {
  const [first, ...rest] = argv;
  if (first === undefined || first === "-h" || first === "--help")
    return show(await programHelp(definitions()));
  if (first === "--version" || first === "-V") {
    refuseMore(rest);
    writeData(`${versionLine()}\n`);
    return Status.ok;
  }
  if (first === "help") {
    const [about, ...more] = rest;
    refuseMore(more);
    return show(
      about === undefined
        ? await programHelp(definitions())
        : await commandHelp(about, find(about).definition),
    );
  }
  const command = find(first, rest);
  const given = readArguments(first, await flagsOf(command.definition), rest);
  if (given.has("help")) return show(await commandHelp(first, command.definition));
  let configured = given;
  try {
    const config = await readConfig(given.value("config"), await allFlags());
    configured = given.withFile(config.settingsOf(first));
    return await command.run(configured, config);
  } catch (error) {
    const failed = toCommandFailed(error);
    if (failed !== undefined) tellFailure(configured, failed);
    throw error;
  }
}

/** The flags of every command, by its name. */
async function allFlags(): Promise<ReadonlyMap<string, Flags>> {
  const flags = Object.entries(subCommands).map(
    async ([name, { definition }]) => [name, await flagsOf(definition)] as const,
  );
  return new Map(await Promise.all(flags));
}

/** Whoever reads events is told as well why there are none. */
function tellFailure(given: Arguments, { status, message }: CommandFailed): void {
  if (wantsEvents(given)) writeData(formatEvent({ event: "failed", status, message }));
}

function wantsEvents(given: Arguments): boolean {
  try {
    return isOn(given, "json");
  } catch {
    return false;
  }
}

/** @throws {CommandFailed} status 2, where there is a word that nobody asked for */
function refuseMore([word]: readonly string[]): void {
  if (word === undefined) return;
  throw new CommandFailed(Status.usage, `There is a word too many: ${word}: see sftp --help`);
}

function find(name: string, rest: readonly string[] = []): (typeof subCommands)[string] {
  const command = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined;
  if (command !== undefined) return command;
  const habit = openSshHabit([name, ...rest]);
  if (habit !== undefined) throw new CommandFailed(Status.usage, habit);
  const kind = name.startsWith("-") ? "flag" : "command";
  const meant = nearest(name, [...Object.keys(subCommands), "help", "--help", "--version"]);
  const hint = meant === undefined ? "sftp --help lists what there is" : `did you mean ${meant}?`;
  throw new CommandFailed(Status.usage, `There is no ${kind} ${name}: ${hint}`);
}

function definitions(): Readonly<Record<string, CommandDef<Flags>>> {
  return Object.fromEntries(
    Object.entries(subCommands).map(([name, { definition }]) => [name, definition]),
  );
}

function show(text: string): Status {
  writeData(text);
  return Status.ok;
}

async function run(): Promise<Status> {
  surviveLostOutput();
  try {
    const given = process.argv.slice(2);
    const status = await main(given);
    await flushOutput();
    // A log that is lost is no failure of the server.
    if (status === Status.ok && given[0] !== "serve") checkRoomForOutput();
    return status;
  } catch (error) {
    const failed = toCommandFailed(error);
    if (failed !== undefined) {
      createMessages().error(`sftp: ${failed.message}`);
      return failed.status;
    }
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    createMessages().error(`sftp: internal error, please report it: ${trace}`);
    return Status.failed;
  }
}

const status = await run();
await flushOutput();
process.exit(status);
