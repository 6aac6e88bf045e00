import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import { findCommand, unknownCommand } from "../find.ts";
import { alignRows, pad } from "../table.ts";

/** Commands that HELP shows together. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

/** @param groups all commands, this one included */
export function helpFor(groups: () => readonly CommandGroup[]): Command {
  return {
    name: "HELP",
    synonyms: ["?"],
    usage: "[command]",
    summary: "say what there is to type",
    examples: ["HELP", "HELP GET"],
    words: [0, 1],
    async run([word], { output }) {
      const commands = groups().flatMap((group) => group.commands);
      if (word === undefined) {
        output.data(overview(groups()));
        return;
      }
      const command = findCommand(commands, word.text);
      if (command === undefined) {
        throw new CommandFailed(Status.usage, unknownCommand(commands, word.text));
      }
      output.data(details(command));
    },
  };
}

function overview(groups: readonly CommandGroup[]): string {
  const signatures = groups.flatMap(({ commands }) => commands.map(signature));
  const width = Math.max(...signatures.map((text) => text.length));
  const lines = groups.flatMap(({ title, commands }) => [
    title,
    ...commands.map((command) => `  ${pad(signature(command), width, "left")}  ${command.summary}`),
  ]);
  return [
    ...lines,
    "",
    "Put quotes around names with blanks: GET 'my report.pdf'. HELP GET tells more of",
    "GET. Upper or lower case is the same. Commands end with the line or with ;",
    "",
  ].join("\n");
}

function details(command: Command): string {
  const { synonyms, summary, options = {}, notes = [], examples } = command;
  const rows = Object.entries(options).map(([long, { letter, means }]) => {
    const short = letter === undefined ? "    " : `-${letter}, `;
    return [`${short}--${long}`, means];
  });
  return [
    `${signature(command)}: ${summary}`,
    ...(synonyms.length > 0 ? [`  also: ${synonyms.join(", ")}`] : []),
    ...alignRows(rows, ["left", "left"]).map((line) => `  ${line}`),
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function signature({ name, usage }: Command): string {
  return usage === "" ? name : `${name}${name === "!" ? "" : " "}${usage}`;
}
