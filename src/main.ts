import type { CommandDef } from "citty";
import { readArguments, type Arguments } from "./cli/args.ts";
import { connect, runConnect } from "./cli/connect.ts";
import { commandHelp, programHelp } from "./cli/help.ts";
import {
  checkRoomForOutput,
  createMessages,
  flushOutput,
  surviveLostOutput,
  writeData,
} from "./cli/output.ts";
import { runServe, serve } from "./cli/serve.ts";
import { versionLine } from "./cli/version.ts";
import { CommandFailed, toCommandFailed } from "./client/errors.ts";
import { Status } from "./client/status.ts";
import { nearest } from "./shell/nearest.ts";

const subCommands: Readonly<
  Record<string, { definition: CommandDef; run: (given: Arguments) => Promise<Status> }>
> = {
  serve: { definition: serve, run: runServe },
  connect: { definition: connect, run: runConnect },
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
  const command = find(first);
  const definition = (await command.definition.args) ?? {};
  const given = readArguments(first, typeof definition === "function" ? {} : definition, rest);
  if (given.has("help")) return show(await commandHelp(first, command.definition));
  return command.run(given);
}

/** @throws {CommandFailed} status 2, where there is a word that nobody asked for */
function refuseMore([word]: readonly string[]): void {
  if (word === undefined) return;
  throw new CommandFailed(Status.usage, `There is a word too many: ${word}: see sftp --help`);
}

function find(name: string): (typeof subCommands)[string] {
  const command = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined;
  if (command !== undefined) return command;
  const kind = name.startsWith("-") ? "flag" : "command";
  const meant = nearest(name, [...Object.keys(subCommands), "help", "--help", "--version"]);
  const hint = meant === undefined ? "sftp --help lists what there is" : `did you mean ${meant}?`;
  throw new CommandFailed(Status.usage, `There is no ${kind} ${name}: ${hint}`);
}

function definitions(): Readonly<Record<string, CommandDef>> {
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
