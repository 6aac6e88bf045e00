import { flagsOf, readArguments, type Arguments } from "./args.ts";
import { configurableFlags, definitions, SUB_COMMANDS, type SubCommand } from "./commands.ts";
import { readConfig } from "./config-file.ts";
import { openSshHabit } from "./habits.ts";
import { checkRoomForOutput, createMessages, flushOutput, writeData } from "./output.ts";
import { isOn } from "./settings.ts";
import { strayVariables } from "./stray-variables.ts";
import { versionLine } from "./version.ts";
import { CommandFailed, toCommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { formatEvent } from "../observe/events.ts";
import type { Command } from "../shell/command.ts";
import { foldTable, screenWidth } from "../shell/fold.ts";
import { nearest } from "../shell/nearest.ts";
import { quoteWord } from "../shell/parse.ts";
import { CALLED } from "../platform/called.ts";

const HELP_FLAGS: ReadonlySet<string> = new Set(["-h", "--help"]);

async function main(argv: readonly string[]): Promise<Status> {
  const [first, ...rest] = argv;
  if (first === undefined) return show(await programHelp());
  if (HELP_FLAGS.has(first)) {
    // What stands behind it says of what.
    const about = rest.find((word) => !word.startsWith("-"));
    return show(await helpAbout(about));
  }
  if (first === "--version" || first === "-V") {
    refuseMore(rest);
    writeData(`${versionLine()}\n`);
    return Status.ok;
  }
  if (first === "help") {
    const [about, ...more] = rest;
    refuseMore(more);
    return show(await helpAbout(about));
  }
  const command = await find(first, rest);
  if (first === "connect") await refuseTyped(rest);
  const given = readArguments(
    first,
    await flagsOf(command.definition),
    rest,
    await configurableFlags(),
  );
  if (given.has("help")) return show(await commandHelp(first, command));
  let configured = given;
  try {
    const config = await readConfig(given.value("config"), await configurableFlags());
    configured = given.withFile(config.settingsOf(first));
    if (command.configured) await tellStrayVariables();
    return await command.run(configured, config);
  } catch (error) {
    const failed = toCommandFailed(error);
    if (failed !== undefined) tellFailure(configured, failed);
    throw error;
  }
}

/** What help is made of, which is loaded where it is asked for. */
const helping = () => import("./help.ts");

async function programHelp(): Promise<string> {
  return (await helping()).programHelp(definitions());
}

async function commandHelp(name: string, { definition }: SubCommand): Promise<string> {
  return (await helping()).commandHelp(name, definition);
}

/** @throws {CommandFailed} status 2, where neither the program nor its shell has such a command */
async function helpAbout(name: string | undefined): Promise<string> {
  if (name === undefined || HELP_FLAGS.has(name)) return programHelp();
  const command = Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined;
  if (command !== undefined) return commandHelp(name, command);
  if (name === "help") return programHelp();
  const [typed, { details }] = await Promise.all([
    commandOfShell(name),
    import("../shell/commands/help.ts"),
  ]);
  return typed === undefined
    ? commandHelp(name, await find(name))
    : `In the shell of ${CALLED} connect:\n\n${details(typed)}`;
}

/** Says what was set in vain, also where only what is wrong is told: that is. */
async function tellStrayVariables(): Promise<void> {
  const flags = await configurableFlags();
  for (const stray of strayVariables(process.env, flags.values())) {
    createMessages({ folded: true }).warn(`sftp: ${stray}`);
  }
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

/** @throws {CommandFailed} status 2, where a command of the shell stands behind an address */
async function refuseTyped([address = "", typed = "", ...more]: readonly string[]): Promise<void> {
  if (address.startsWith("-") || typed.startsWith("-") || /^\d*$/.test(typed)) return;
  if ((await commandOfShell(typed)) === undefined) return;
  const line = [typed, ...more].join(" ");
  throw new CommandFailed(
    Status.usage,
    `${typed} is typed in the shell, or given with -c: ${CALLED} connect ${address} -c ${quoteWord(line)}`,
  );
}

/** @throws {CommandFailed} status 2, where there is a word that nobody asked for */
function refuseMore([word]: readonly string[]): void {
  if (word === undefined) return;
  throw new CommandFailed(Status.usage, `There is a word too many: ${word}: see ${CALLED} --help`);
}

async function find(name: string, rest: readonly string[] = []): Promise<SubCommand> {
  const command = Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  const habit = openSshHabit([name, ...rest]);
  if (habit !== undefined) throw new CommandFailed(Status.usage, habit);
  if (/^\d+$/.test(name)) throw unknown("command", name, `did you mean ${CALLED} connect ${name}?`);
  if ((await commandOfShell(name)) !== undefined) {
    throw new CommandFailed(
      Status.usage,
      `${name} is typed in the shell that ${CALLED} connect starts: ${CALLED} connect 12000, and then ${name}`,
    );
  }
  const kind = name.startsWith("-") ? "flag" : "command";
  const meant = nearest(name, [...Object.keys(SUB_COMMANDS), "help", "--help", "--version"]);
  const hint =
    meant === undefined ? `${CALLED} --help lists what there is` : `did you mean ${meant}?`;
  throw unknown(kind, name, hint);
}

function unknown(kind: "command" | "flag", name: string, hint: string): CommandFailed {
  return new CommandFailed(Status.usage, `There is no ${kind} ${name}: ${hint}`);
}

async function commandOfShell(name: string): Promise<Command | undefined> {
  const [{ findCommand }, { COMMANDS }] = await Promise.all([
    import("../shell/find.ts"),
    import("../shell/commands.ts"),
  ]);
  return findCommand(COMMANDS, name);
}

function show(text: string): Status {
  writeData(foldTable(text, screenWidth()));
  return Status.ok;
}

async function runCommand(): Promise<Status> {
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
      createMessages({ folded: true }).error(`sftp: ${failed.message}`);
      return failed.status;
    }
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    createMessages().error(`sftp: internal error, please report it: ${trace}`);
    return Status.failed;
  }
}

/** Runs the program to its end. */
export async function run(): Promise<never> {
  const status = await runCommand();
  await flushOutput();
  process.exit(status);
}
