import type { ArgsDef, CommandDef } from "citty";

/** What `sftp` and `sftp --help` print. */
export async function programHelp(commands: Readonly<Record<string, CommandDef>>): Promise<string> {
  const rows: [string, string][] = [];
  for (const [name, definition] of Object.entries(commands)) {
    rows.push([`sftp ${name}`, await descriptionOf(definition)]);
  }
  return [
    "Simple FTP: share a folder, get and put files, every byte verified.",
    "",
    "Usage:",
    ...table(rows),
    "",
    "Start here, in two terminals:",
    ...table([
      ["sftp serve --port 12000", "serves the folder ./server"],
      ["sftp connect 12000", "opens it; then type LS, GET, PUT, QUIT, or HELP"],
    ]),
    "",
    "Flags:",
    ...table([
      ["-h, --help", "show this; sftp help serve, or connect, tells more"],
      ["-V, --version", "show the version"],
    ]),
    "",
  ].join("\n");
}

/** What `sftp NAME --help` prints. */
export async function commandHelp(name: string, definition: CommandDef): Promise<string> {
  const { args } = definition;
  const resolved: ArgsDef = (typeof args === "function" ? await args() : await args) ?? {};
  const entries = Object.entries(resolved);
  const positional = entries.filter(([, argument]) => argument.type === "positional");
  const words = positional.map(([word]) => ` [${word.toUpperCase()}]`).join("");
  const flags = entries.filter(([, argument]) => argument.type !== "positional");
  return [
    `sftp ${name}: ${await descriptionOf(definition)}.`,
    "",
    `Usage: sftp ${name} [FLAGS]${words}`,
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
  ].join("\n");
}

type Argument = ArgsDef[string];

function flagColumn(name: string, argument: Argument): string {
  const alias = "alias" in argument ? [argument.alias ?? []].flat()[0] : undefined;
  const hint = argument.valueHint === undefined ? "" : ` ${argument.valueHint}`;
  return `${alias === undefined ? "    " : `-${alias}, `}--${name}${hint}`;
}

function defaultOf(argument: Argument): string {
  return argument.default === undefined ? "" : ` (${String(argument.default)})`;
}

async function descriptionOf({ meta }: CommandDef): Promise<string> {
  const resolved = typeof meta === "function" ? await meta() : await meta;
  return resolved?.description ?? "";
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
