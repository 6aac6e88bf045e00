import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import { findCommand, unknownCommand } from "../find.ts";

/** @param commands all commands, this one included */
export function helpFor(commands: () => readonly Command[]): Command {
  return {
    name: "HELP",
    synonyms: ["?"],
    usage: "[command]",
    summary: "say what there is to type",
    examples: ["HELP", "HELP GET"],
    words: [0, 1],
    async run([word], { output }) {
      if (word === undefined) {
        output.data(overview(commands()));
        return;
      }
      const command = findCommand(commands(), word.text);
      if (command === undefined) {
        throw new CommandFailed(Status.usage, unknownCommand(commands(), word.text));
      }
      output.data(details(command));
    },
  };
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [signature(command), command.summary] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `${lines.join("\n")}\n\nUpper or lower case is the same. HELP GET tells more of GET.\n`;
}

function details(command: Command): string {
  const synonyms = command.synonyms.length > 0 ? `\n  also: ${command.synonyms.join(", ")}` : "";
  const options = Object.entries(command.options ?? {})
    .map(([long, { letter, means }]) => {
      const short = letter === undefined ? "    " : `-${letter}, `;
      return `\n  ${short}--${long}  ${means}`;
    })
    .join("");
  const examples = command.examples.map((example) => `  ${example}`).join("\n");
  return `${signature(command)}: ${command.summary}${synonyms}${options}\n\n${examples}\n`;
}

function signature(command: Command): string {
  return command.usage === "" ? command.name : `${command.name} ${command.usage}`;
}
