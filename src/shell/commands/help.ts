import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import { findCommand, unknownCommand } from "../find.ts";
import { foldTable, screenWidth } from "../fold.ts";
import { foreignWord } from "../foreign.ts";
import { alignRows, pad } from "../table.ts";

/** Commands that HELP shows together. */
export interface CommandGroup {
  readonly title: string;
  readonly rows: readonly HelpRow[];
}

/** Commands that have one line: that of the first, unless it has its own. */
export interface HelpRow {
  readonly commands: readonly [Command, ...Command[]];
  /** What is typed, and what happens then. */
  readonly shown?: readonly [typed: string, happens: string];
}

/**
 * @param groups the commands that HELP alone shows
 * @param commands all of which HELP can tell more, this one included
 */
export function helpFor(
  groups: () => readonly CommandGroup[],
  commands: () => readonly Command[],
): Command {
  return {
    name: "HELP",
    synonyms: ["?"],
    usage: "[command]",
    summary: "say what there is to type",
    examples: ["HELP", "HELP GET"],
    words: [0, 1],
    async run([word], { output }) {
      if (word === undefined) {
        output.data(foldTable(overview(groups()), screenWidth()));
        return;
      }
      const command = findCommand(commands(), word.text);
      if (command === undefined) {
        const needless = foreignWord(word.text);
        if (needless !== undefined) {
          output.say(needless);
          return;
        }
        throw new CommandFailed(Status.usage, unknownCommand(commands(), word.text));
      }
      output.data(foldTable(details(command), screenWidth()));
    },
  };
}

/** How wide the signatures' column is: the longest of them reach out of it. */
const COLUMN = 23;
/** How wide a terminal is at least. */
const SCREEN = 80;

function overview(groups: readonly CommandGroup[]): string {
  const lines = groups.flatMap(({ title, rows }) => [
    title,
    ...rows.map(({ commands: [first], shown = [signature(first), inShort(first)] }) => {
      const [typed, happens] = shown;
      return `  ${pad(typed, COLUMN, "left")}  ${happens}`;
    }),
  ]);
  return [
    ...lines,
    "",
    "HELP GET tells more of GET. Put quotes around names with blanks: GET 'my file'.",
    "* ? [a-z] ** are patterns, but not within quotes: LS *.csv, GET **/*.log",
    "",
  ].join("\n");
}

/** What HELP tells of one command. */
export function details(command: Command): string {
  const { synonyms, options = {}, notes = [], examples } = command;
  const rows = Object.entries(options).map(([long, { letter, means }]) => {
    const short = letter === undefined ? "    " : `-${letter}, `;
    return [`${short}--${long}`, means];
  });
  return [
    ...heading(command),
    ...(synonyms.length > 0 ? [`  also: ${synonyms.join(", ")}`] : []),
    ...alignRows(rows, ["left", "left"]).map((line) => `  ${line}`),
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function heading(command: Command): readonly string[] {
  const one = `${signature(command)}: ${command.summary}`;
  return one.length <= SCREEN ? [one] : [`${signature(command)}:`, `  ${command.summary}`];
}

function inShort({ summary }: Command): string {
  return summary.split(",")[0] ?? summary;
}

function signature({ name, usage }: Command): string {
  return usage === "" ? name : `${name}${name === "!" ? "" : " "}${usage}`;
}
