/** Writes `docs/sftp.1`, the manual page, from the tables that the help is made from. */
import { join } from "node:path";
import { flagsOf, type Flags } from "../src/cli/args.ts";
import { definitions } from "../src/cli/commands.ts";
import { variableOf } from "../src/cli/settings.ts";
import { VERSION } from "../src/cli/version.ts";
import { Status } from "../src/client/status.ts";
import { COMMAND_GROUPS } from "../src/shell/commands.ts";
import type { Command } from "../src/shell/command.ts";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");
export const PAGE = join(TOP, "docs", "sftp.1");

/** What each exit status means. */
const STATUSES: Readonly<Record<keyof typeof Status, string>> = {
  ok: "all done",
  failed: "another failure",
  usage: "wrong usage",
  connection: "could not connect, connection lost, or something else than Simple FTP answered",
  trust: "not trusted or not authorised",
  notFound: "no such file, here or there",
  refused: "refused: a name that is not allowed, not a file, exists already",
  space: "no space",
  mismatch: "the bytes are wrong",
  hungUp: "ended by SIGHUP",
  interrupted: "interrupted",
  terminated: "ended by SIGTERM",
};

function statusLines(): string[] {
  return Object.entries(Status).flatMap(([name, status]) => {
    const means = Object.entries(STATUSES).find(([known]) => known === name)?.[1] ?? "";
    return entry(String(status), means);
  });
}

/** Variables that belong to no flag. */
const VARIABLES = [
  ["SFTP_TOKEN", "the token or password to log in with"],
  [
    "XDG_STATE_HOME",
    "where what lasts is kept, in sftp; where it is not set, ~/.local/state (on Windows %LOCALAPPDATA%)",
  ],
  [
    "XDG_CONFIG_HOME",
    "where the configuration is, in sftp; where it is not set, ~/.config (on Windows %APPDATA%)",
  ],
  ["NO_COLOR, FORCE_COLOR", "no colours, or colours where there is no terminal"],
  ["SHELL", "what ! alone starts"],
] as const;

const FILES = [
  [
    "~/.config/sftp/config.toml",
    "settings, and servers by name; on macOS as well, on Windows %APPDATA%\\sftp\\config.toml",
  ],
  [
    "~/.local/state/sftp/known_hosts",
    "the keys of the servers that were logged in to; on Windows in %LOCALAPPDATA%\\sftp, as what follows",
  ],
  ["~/.local/state/sftp/history", "the last 1,000 lines that were typed, readable by you alone"],
  ["./client, ./server", "what is got and put, and what is served, unless --root says otherwise"],
] as const;

const EXAMPLES: readonly (readonly [means: string, lines: readonly string[]])[] = [
  [
    "Serve a folder of this machine, and open it in another terminal:",
    ["sftp serve --port 12000", "sftp connect 12000"],
  ],
  ["Serve it to other machines; it says there what to type here:", ["sftp serve --host 0.0.0.0"]],
  ["Get one file in a script:", ["sftp connect 12000 -c 'GET report.pdf'"]],
];

/** The manual page, in the language of man(7). */
export async function manualPage(): Promise<string> {
  const commands = Object.entries(definitions());
  const lines = [
    '.\\" Made by scripts/man.ts: change the tables that it is made from.',
    `.TH SFTP 1 "" "Simple FTP ${VERSION}" "User Commands"`,
    ".ad l",
    ".SH NAME",
    "sftp \\- share a folder over TCP, get and put files, every byte verified",
    ".SH SYNOPSIS",
    ...(await joined(commands, async ([name, definition]) =>
      synopsis(name, await flagsOf(definition)),
    )),
    ".SH DESCRIPTION",
    plain(
      "Simple FTP is one program with two sides. sftp serve shares a folder. sftp connect opens it and starts a shell in which LS, GET, PUT and other commands are typed, or runs commands that -c or -b give. Every block and every file is verified by its digest, interrupted transfers go on where they were, and a file appears whole or not at all.",
    ),
    ".PP",
    plain(
      "On loopback nothing is encrypted unless --tls says so. Everywhere else everything is encrypted, the server proves its key by a PIN, and a login is needed. This is not OpenSSH's sftp, which bears the same name.",
    ),
    ".SH COMMANDS",
    plain(
      "These are typed in the shell of sftp connect, in any case; quotes and backslashes are those of sh. Tab completes, Ctrl-R searches what was typed, Ctrl-C ends a command, and Ctrl-D leaves.",
    ),
    ...COMMAND_GROUPS.flatMap(({ title, rows }) =>
      [`.SS ${plain(title)}`].concat(
        rows.flatMap(({ commands: together }) => together.flatMap(commandLines)),
      ),
    ),
    ".SH OPTIONS",
    ...(await joined(commands, async ([name, definition]) => [
      `.SS sftp ${name}`,
      ...optionLines(await flagsOf(definition)),
    ])),
    ".SH EXIT STATUS",

    ...statusLines(),
    ".SH ENVIRONMENT",
    plain("A flag wins over its variable, and that over the configuration file."),
    ...(await variableLines()),
    ".SH FILES",
    ...FILES.flatMap(([name, means]) => entry(name, means)),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap(([means, lines]) =>
      [".PP", plain(means), ".PP", ".nf", ".RS"].concat(lines.map(plain), ".RE", ".fi"),
    ),
    ".SH SEE ALSO",
    plain(
      "sftp help COMMAND tells of each command, and of those of the shell, such as sftp help GET.",
    ),
    ".PP",
    ".BR ssh (1),",
    ".BR rsync (1),",
    ".BR sha256sum (1)",
  ];
  return `${lines.join("\n")}\n`;
}

function synopsis(name: string, flags: Flags): string[] {
  const words = Object.entries(flags).filter(([, { type }]) => type === "positional");
  const shown = words.map(([word]) => ` [\\fI${plain(word.toUpperCase())}\\fR]`).join("");
  return [".PP", `\\fBsftp ${name}\\fR [\\fIFLAGS\\fR]${shown}`];
}

function commandLines({
  name,
  usage,
  synonyms,
  summary,
  options = {},
  notes = [],
  examples,
}: Command) {
  const also = synonyms.length === 0 ? "" : ` Also: ${synonyms.join(", ")}.`;
  const gap = usage === "" || name === "!" ? "" : " ";
  return [
    ".TP",
    `\\fB${plain(name)}\\fR${gap}${plain(usage)}`,
    plain(`${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.${also}`),
    ...(notes.length === 0 ? [] : [plain(notes.join(" "))]),
    ...(Object.keys(options).length === 0 ? [] : [".RS"]),
    ...Object.entries(options).flatMap(([long, { letter, means }]) =>
      entry(letter === undefined ? `--${long}` : `-${letter}, --${long}`, means),
    ),
    ...(Object.keys(options).length === 0 ? [] : [".RE"]),
    ".RS",
    ".PP",
    plain(`Such as: ${examples.join("  |  ")}`),
    ".RE",
  ];
}

function optionLines(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, argument]) => {
    const { description = "", type, valueHint } = argument;
    if (type === "positional") return entry(name.toUpperCase(), description);
    const short = "alias" in argument ? [argument.alias ?? []].flat()[0] : undefined;
    const names = `${short === undefined ? "" : `-${short}, `}--${name}`;
    const value = valueHint === undefined ? "" : ` ${valueHint}`;
    const standard = argument.default === undefined ? "" : ` (${String(argument.default)})`;
    return entry(names + value, description + standard);
  });
}

async function variableLines(): Promise<string[]> {
  const byName = new Map<string, string[]>();
  for (const [command, definition] of Object.entries(definitions())) {
    const flags = await flagsOf(definition);
    for (const name of Object.keys(flags)) {
      const variable = variableOf(flags, name);
      if (variable === undefined) continue;
      byName.set(variable, [...(byName.get(variable) ?? []), `--${name} of sftp ${command}`]);
    }
  }
  return [
    ...[...byName].flatMap(([name, flags]) => entry(name, flags.join(", "))),
    ...VARIABLES.flatMap(([name, means]) => entry(name, means)),
  ];
}

function entry(term: string, means: string): string[] {
  return [".TP", `\\fB${plain(term)}\\fR`, plain(means)];
}

/** Text as it is: nothing in it is a request, an escape or a typographer's hyphen. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(
      /[^\0-\x7f]/gu,
      (one) => `\\[u${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    )
    .replace(/^[.']/gm, "\\&$&")
    .replaceAll("'", "\\(aq")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha");
}

async function joined<T>(
  all: readonly T[],
  linesOf: (one: T) => Promise<readonly string[]>,
): Promise<string[]> {
  return (await Promise.all(all.map(linesOf))).flat();
}

if (import.meta.main) {
  await main(async () => {
    await Bun.write(PAGE, await manualPage());
    console.log(`Wrote ${PAGE}`);
  });
}
