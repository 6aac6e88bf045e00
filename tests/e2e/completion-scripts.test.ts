import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectDefinition } from "../../src/cli/connect.ts";
import { flagsOf } from "../../src/cli/args.ts";
import { manualPage, PAGE } from "../../scripts/man.ts";
import { write } from "../support/files.ts";
import { BINARY, cleanEnvironment, run, TemporaryFolder } from "../support/programs.ts";
import { TerminalProgram } from "../support/terminal.ts";
import { SeenProgram } from "../support/seen.ts";

/** What is typed behind `sftp `, and what its last word can become. */
const CASES: readonly (readonly [typed: string, expected: readonly string[]])[] = [
  ["se", ["serve"]],
  ["serve --ro", ["--root"]],
  ["serve --root fo", ["folder"]],
  ["serve --users f", ["file with blanks", "folder"]],
  ["connect wo", ["work"]],
  ["connect -b fi", ["file with blanks"]],
  ["connect --token-f", ["--token-file"]],
  ["user ", ["add", "list", "remove"]],
  ["user add anna --role w", ["write"]],
  ["completion z", ["zsh"]],
  ["help co", ["completion", "connect"]],
  ["serve --port ", []],
];

/** A folder with files, and a configuration that knows a server. */
function layOut(): TemporaryFolder {
  const folder = new TemporaryFolder();
  write(folder.join("config/sftp/config.toml"), '[servers.work]\naddress = "127.0.0.1:1"\n');
  write(folder.join("here/file with blanks"), "");
  write(folder.join("here/folder/in it"), "");
  return folder;
}

function environment(folder: TemporaryFolder): Record<string, string> {
  const path = `${join(BINARY, "..")}:${process.env["PATH"] ?? ""}`;
  return cleanEnvironment({
    PATH: path,
    HOME: folder.path,
    XDG_CONFIG_HOME: folder.join("config"),
    TERM: "xterm",
  });
}

/** What a shell prints. */
async function ask(folder: TemporaryFolder, command: readonly string[]): Promise<string[]> {
  const child = Bun.spawn([...command], {
    cwd: folder.join("here"),
    env: environment(folder),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return text.split("\n").filter((line) => line !== "");
}

const has = (shell: string): boolean => Bun.which(shell) !== null;

describe.skipIf(!has("bash"))("bash", () => {
  const script = `
eval "$(sftp completion bash)"
[[ "$(complete -p sftp)" == "complete -F _simple_ftp sftp" ]] || exit 1
read -ra COMP_WORDS <<< "sftp $1"
[[ "$1" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_simple_ftp sftp "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`;

  test.each(CASES)("completes sftp %s", async (typed, expected) => {
    using folder = layOut();
    const found = await ask(folder, ["bash", "--norc", "-c", script, "bash", typed]);
    expect(found.toSorted()).toEqual([...expected]);
  });

  test("at a prompt a Tab puts it in, with its blanks escaped", async () => {
    using folder = layOut();
    await atPrompt(folder, ["bash", "--norc", "-i"], 'eval "$(sftp completion bash)"', [
      ["sftp conn", "sftp connect "],
      ["sftp connect -b fil", "sftp connect -b file\\ with\\ blanks "],
    ]);
  });
});

describe.skipIf(!has("zsh"))("zsh", () => {
  test("at a prompt a Tab completes commands, flags, files and servers", async () => {
    using folder = layOut();
    const start = "autoload -U compinit; compinit -D; source <(sftp completion zsh)";
    await atPrompt(folder, ["zsh", "-f", "-i"], start, [
      ["sftp conn", "sftp connect "],
      ["sftp serve --min", "sftp serve --min-rate "],
      ["sftp serve --root fo", "sftp serve --root folder/"],
      ["sftp connect wo", "sftp connect work "],
      ["sftp connect -b fil", "sftp connect -b file\\ with\\ blanks "],
      ["sftp user add anna --role wri", "sftp user add anna --role write "],
    ]);
  });
});

describe.skipIf(!has("fish"))("fish", () => {
  const fishCases = CASES.filter(([typed]) => !typed.startsWith("serve --port"));
  test.each(fishCases)("completes sftp %s", async (typed, expected) => {
    using folder = layOut();
    const script = 'sftp completion fish | source; complete -C "sftp $argv[1]"';
    const found = await ask(folder, ["fish", "--no-config", "-c", script, typed]);
    const words = found.map((line) => line.replace(/\t.*/, "").replace(/\/$/, ""));
    expect(words.toSorted()).toEqual([...expected]);
  });
});

/** Types into a shell of its own, presses Tab, and waits for what then stands on its line. */
async function atPrompt(
  folder: TemporaryFolder,
  command: readonly string[],
  start: string,
  cases: readonly (readonly [typed: string, expected: string])[],
): Promise<void> {
  const env = { ...environment(folder), PS1: "ready> " };
  await using shell = new SeenProgram(command, { cwd: folder.join("here"), env });
  await shell.standsAt("ready> ");
  shell.press(`${start}; PS1='made> '\r`);
  await shell.standsAt("made> ");
  for (const [typed, expected] of cases) {
    shell.press(`${typed}\t`);
    await shell.standsAt(`made> ${expected}`);
    shell.press("\u0015");
    await shell.standsAt("made> ");
  }
}

describe("the manual page", () => {
  test("is what scripts/man.ts makes of the tables today", async () => {
    expect(readFileSync(PAGE, "utf8")).toBe(await manualPage());
  });

  test("has every flag and every section", async () => {
    const page = readFileSync(PAGE, "utf8").replaceAll("\\-", "-");
    const sections = "NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS ENVIRONMENT FILES EXAMPLES";
    for (const name of [...sections.split(" "), "EXIT STATUS", "SEE ALSO"]) {
      expect(page).toContain(`.SH ${name}\n`);
    }
    for (const [name, { type }] of Object.entries(await flagsOf(connectDefinition))) {
      if (type !== "positional") expect(page).toContain(`--${name}`);
    }
  });

  test.skipIf(!has("groff"))("is set by groff without a warning", async () => {
    const child = Bun.spawn(["groff", "-man", "-Tutf8", "-wall", PAGE], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [text, warnings] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect({ status: await child.exited, warnings }).toEqual({ status: 0, warnings: "" });
    expect(Bun.stripANSI(text)).toContain("sftp connect 12000 -c 'GET report.pdf'");
  });
});

describe("sftp completion", () => {
  test.each([
    [[], "For which shell? Say bash, zsh, fish: see sftp completion --help"],
    [["bsh"], "There is no script for bsh (did you mean bash?): see sftp completion --help"],
    [["fsh"], "There is no script for fsh (did you mean fish?)"],
  ])("%j is wrong usage", async (args, message) => {
    const ran = await run(["completion", ...args]);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toContain(message);
  });
});

describe("who types to the system's shell what belongs elsewhere", () => {
  test.each([
    [
      ["get", "a"],
      "get is typed in the shell that sftp connect starts: sftp connect 12000, and then",
    ],
    [["12000"], "There is no command 12000: did you mean sftp connect 12000?"],
    [["serv"], "There is no command serv: did you mean serve?"],
  ])("sftp %j is told where", async (args, message) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toContain(message);
  });
});

describe("help", () => {
  test.each([["help"], ["serve"], ["connect"], ["user"]])(
    "of %s ends its lines between words in 40 columns",
    async (about) => {
      using folder = new TemporaryFolder();
      const args = about === "help" ? ["--help"] : ["help", about];
      await using help = new TerminalProgram(args, folder.path, { columns: 40 });
      await help.process.exited;
      await help.waitToSee(/show this/);
      const rows = help.screen.split("\r\n");
      // A flag with its value is never broken.
      const long = rows.filter(
        (row) => Bun.stringWidth(row) > 40 && !/^ *(?:-\w, )?--\S+ \S+$/.test(row),
      );
      expect(long).toEqual([]);
    },
  );

  test.each([
    [["help", "get"], "GET remote... [local]"],
    [["-h", "serve"], "Usage: sftp serve"],
    [["completion", "-h"], "Usage: sftp completion"],
    [["user", "add", "-h"], "Usage: sftp user"],
    [["connect", "12000", "-h"], "Usage: sftp connect"],
  ])("sftp %j", async (args, shown) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toContain(shown);
  });

  test.each([
    ["GET -h", "GET remote... [local]"],
    ["rm a --help", "RM [-rn] remote..."],
  ])("-c %j", async (command, shown) => {
    using folder = new TemporaryFolder();
    const ran = await run(["connect", "--root", folder.path, "-c", command]);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toContain(shown);
  });

  test("behind -- -h is a name", async () => {
    using folder = new TemporaryFolder();
    const ran = await run(["connect", "--root", folder.path, "-c", "RM -- -h"]);
    expect(ran.stderr).toContain("Not connected");
  });
});
