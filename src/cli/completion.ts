import { defineCommand, type CommandDef } from "citty";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { nearest } from "../shell/nearest.ts";
import type { Arguments, Flags } from "./args.ts";
import { CONFIG_FLAG, type Config } from "./config.ts";
import { SHELLS } from "./completion-shells.ts";
import { writeData } from "./output.ts";
import { CALLED } from "../platform/called.ts";

export const completion = defineCommand<Flags>({
  meta: { name: "completion", description: "Print what makes your shell complete sftp's commands" },
  args: {
    shell: {
      type: "positional",
      required: false,
      description: `${SHELLS.join(", ")}: such as, in ~/.bashrc, eval "$(sftp completion bash)"`,
    },
    servers: {
      type: "boolean",
      flagOnly: true,
      description: "print the names of the servers that the configuration knows, and no script",
    },
    config: CONFIG_FLAG,
  },
});

/**
 * Runs `sftp completion`.
 * @param definitions of all commands, by their names
 * @throws {CommandFailed} status 2, where there is no script for that shell
 */
export async function runCompletion(
  given: Arguments,
  config: Config,
  definitions: Readonly<Record<string, CommandDef<Flags>>>,
): Promise<Status> {
  if (given.has("servers")) {
    writeData(config.serverNames.map((name) => `${name}\n`).join(""));
    return Status.ok;
  }
  const [typed = ""] = given.words;
  const shell = SHELLS.find((one) => one === typed);
  if (shell === undefined) {
    const meant = nearest(typed, SHELLS);
    const problem =
      typed === ""
        ? `For which shell? Say ${SHELLS.join(", ")}`
        : `There is no script for ${typed} ` +
          (meant === undefined ? `(say ${SHELLS.join(", ")})` : `(did you mean ${meant}?)`);
    throw new CommandFailed(Status.usage, `${problem}: see ${CALLED} completion --help`);
  }
  const { tableOf } = await import("./completion-table.ts");
  const { completionScript } = await import("./completion-scripts.ts");
  writeData(completionScript(shell, await tableOf(definitions)));
  return Status.ok;
}
