import { CommandFailed, Interrupted } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import { SYSTEM } from "../../platform/system.ts";
import { errnoOf } from "../../storage/local/errno.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { SHELL_ESCAPE } from "../parse.ts";

export const shellEscape: Command = {
  name: SHELL_ESCAPE,
  synonyms: [],
  usage: "[command]",
  summary: "run a command of this machine's shell",
  examples: ["!ls -l", "!date; wc -l *.csv", "!"],
  notes: [
    "sh gets the rest of the line as it is, with its quotes and ;, and runs it in the",
    "folder of this side (LCD).",
    "! alone starts your shell, at a terminal.",
  ],
  words: [0, 1],
  async run([word], context) {
    const { dryRun, lend, output } = context;
    const command = word?.text.trim() === "" ? undefined : word?.text;
    if (command === undefined && lend === undefined) {
      throw new CommandFailed(Status.usage, "! alone needs a terminal: type !command");
    }
    if (dryRun) {
      output.say(`Would run ${command?.trim() ?? shellOf()}.`);
      return;
    }
    const arguments_ =
      command === undefined ? [shellOf()] : SYSTEM.shellCommand(command, process.env);
    await (lend === undefined
      ? runProgram(arguments_, context, "ignore")
      : lend(() => runProgram(arguments_, context, "inherit")));
  },
};

function shellOf(): string {
  return SYSTEM.shell(process.env);
}

/** This program's own, without what it logs in with: that is for no other. */
function environment(): NodeJS.ProcessEnv {
  const { SFTP_TOKEN: _, ...rest } = process.env;
  return rest;
}

/** @throws {CommandFailed} status 1, where it ends with another status than 0 */
async function runProgram(
  command: string[],
  { localFolder, output, signal }: ShellContext,
  stdin: "ignore" | "inherit",
): Promise<void> {
  // What was said before it stands before what it says.
  await output.flush();
  let child: Bun.Subprocess;
  try {
    child = Bun.spawn(command, {
      cwd: localFolder,
      stdin,
      stdout: output.programs,
      stderr: 2,
      env: environment(),
    });
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const [program = ""] = command;
    throw new CommandFailed(
      Status.failed,
      `${program} cannot be started in ${localFolder}: ${code}`,
    );
  }
  const interrupt = (): void => child.kill("SIGINT");
  signal.addEventListener("abort", interrupt);
  try {
    const status = await child.exited;
    if (signal.aborted) throw new Interrupted();
    if (child.signalCode !== null) {
      throw new CommandFailed(Status.failed, `ended by ${child.signalCode}`);
    }
    if (status !== 0) throw new CommandFailed(Status.failed, `ended with status ${status}`);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
