import type { CommandDef } from "citty";
import { flagsOf, type Flags } from "./args.ts";
import { variableOf } from "./settings.ts";
import { CALLED } from "../platform/called.ts";

/** What `sftp` and `sftp --help` print. */
export async function programHelp(
  commands: Readonly<Record<string, CommandDef<Flags>>>,
): Promise<string> {
  const rows: [string, string][] = [];
  for (const [name, definition] of Object.entries(commands)) {
    rows.push([`${CALLED} ${name}`, await descriptionOf(definition)]);
  }
  return [
    "Simple FTP: share a folder, get and put files, every byte verified.",
    "",
    "Usage:",
    ...table(rows),
    "",
    "Start here, in two terminals:",
    ...table([
      [`${CALLED} serve --port 12000`, "serves the folder ./server"],
      [`${CALLED} connect 12000`, "opens it; then type LS, GET, PUT, QUIT, or HELP"],
    ]),
    "",
    "Flags:",
    ...table([
      ["-h, --help", `show this; ${CALLED} help serve, or GET, tells more`],
      ["-V, --version", "show the version"],
    ]),
    "",
  ].join("\n");
}

/** What `sftp NAME --help` prints. */
export async function commandHelp(name: string, definition: CommandDef<Flags>): Promise<string> {
  const resolved = await flagsOf(definition);
  const entries = Object.entries(resolved);
  const positional = entries.filter(([, argument]) => argument.type === "positional");
  const words = positional.map(([word]) => ` [${word.toUpperCase()}]`).join("");
  const flags = entries.filter(([, argument]) => argument.type !== "positional");
  return [
    `${CALLED} ${name}: ${await descriptionOf(definition)}.`,
    "",
    `Usage: ${CALLED} ${name} [FLAGS]${words}`,
    "",
    ...table(positional.map(([word, { description }]) => [word.toUpperCase(), description ?? ""])),
    ...(positional.length > 0 ? [""] : []),
    "Flags:",
    ...table([
      ...flags.map(([flag, argument]): [string, string] => [
        flagColumn(flag, argument),
        `${argument.description ?? ""}${defaultOf(argument)}`,
      ]),
      ["-h, --help", "show this"],
    ]),
    "",
    ...elsewhere(name, resolved),
  ].join("\n");
}

/** Where else flags are set, and by which names. */
function elsewhere(command: string, flags: Flags): string[] {
  const names = Object.keys(flags).filter((name) => flags[name]?.type !== "positional");
  const settable = names.filter((name) => variableOf(flags, name) !== undefined);
  const example = settable.find((name) => name.includes("-") && flags[name]?.default !== undefined);
  if (example === undefined) return [];
  const value = String(flags[example]?.default);
  const others = settable
    .filter((name) => flags[name]?.variable !== undefined)
    .map((name) => `, and --${name} is ${variableOf(flags, name)}`);
  const only = names.filter((name) => !settable.includes(name)).map((name) => `--${name}`);
  return [
    `--${example} is ${variableOf(flags, example)} in the environment${others.join("")}, and so on;`,
    `in ~/.config/sftp/config.toml it is ${example} = ${value} under [${command}]. Flags win over the`,
    "environment, that over the file: --no-json takes back what SFTP_JSON=1 or json = true says.",
    `Set by a flag alone: ${only.join(", ")}.`,
    "",
  ];
}

type Argument = Flags[string];

function flagColumn(name: string, argument: Argument): string {
  const alias = "alias" in argument ? [argument.alias ?? []].flat()[0] : undefined;
  const hint = argument.valueHint === undefined ? "" : ` ${argument.valueHint}`;
  return `${alias === undefined ? "    " : `-${alias}, `}--${name}${hint}`;
}

function defaultOf(argument: Argument): string {
  return argument.default === undefined ? "" : ` (${String(argument.default)})`;
}

async function descriptionOf({ meta }: CommandDef<Flags>): Promise<string> {
  const resolved = typeof meta === "function" ? await meta() : await meta;
  return resolved?.description ?? "";
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
