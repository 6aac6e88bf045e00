import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { write } from "../../support/files.ts";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { TerminalProgram } from "../../support/terminal.ts";

const ESC = "\u001b";
const RED = `${ESC}[31m`;
const GREEN = `${ESC}[32m`;
const YELLOW = `${ESC}[33m`;
const BLUE = `${ESC}[34m`;
const DIM = `${ESC}[2m`;

const COMMANDS = "LS -l;LS;GET a.txt;STATUS;HELP;HELP GET;-GET no/such/file.txt";

async function serving(folder: TemporaryFolder): Promise<ServerProcess> {
  write(folder.join("server/a.txt"), "a");
  write(folder.join("server/日本語.txt"), "wide");
  mkdirSync(folder.join("server/notes"));
  return ServerProcess.start(folder.join("server"));
}

/** What is shown in a terminal of so many columns, when all has been said. */
async function show(
  folder: TemporaryFolder,
  server: ServerProcess,
  options: { readonly columns?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly raw: string; readonly seen: string }> {
  const args = ["connect", String(server.port), "--insecure", "-c", COMMANDS];
  await using shell = new TerminalProgram(args, folder.path, options);
  await shell.waitToSee(/Closed the/);
  expect(await shell.process.exited).toBe(0);
  return { raw: shell.raw, seen: shell.seen };
}

test("colours say what something means: errors, proof, warnings, folders", async () => {
  using folder = new TemporaryFolder();
  await using server = await serving(folder);
  const { raw } = await show(folder, server);
  expect(raw).toContain(`${RED}GET no/such/file.txt: There is no`);
  expect(raw).toMatch(/GET a\.txt: 1 B in [^,]*, /);
  expect(raw).toContain(`, ${GREEN}verified${ESC}[39m`);
  expect(raw).toContain(`${YELLOW}WARNING: --insecure`);
  expect(raw).toContain(`${BLUE}notes/${ESC}[39m`);
  expect(raw).toContain(`${DIM}your folder${ESC}[22m`);
});

test.each([
  ["NO_COLOR is set", { NO_COLOR: "1" }],
  ["NO_COLOR is set beside FORCE_COLOR", { NO_COLOR: "1", FORCE_COLOR: "1" }],
  ["FORCE_COLOR is 0", { FORCE_COLOR: "0" }],
  ["the terminal is dumb", { TERM: "dumb" }],
] as const)("nothing that a terminal obeys is written where %s", async (_, env) => {
  using folder = new TemporaryFolder();
  await using server = await serving(folder);
  const { raw, seen } = await show(folder, server, { env });
  expect(raw).not.toContain(ESC);
  // All that the colours say is said without them.
  expect(seen).toMatch(/^WARNING: --insecure/m);
  expect(seen).toMatch(/, verified$/m);
  expect(seen).toMatch(/ notes\/$/m);
});

test("a pipe gets none, unless FORCE_COLOR asks for them", async () => {
  using folder = new TemporaryFolder();
  await using server = await serving(folder);
  const args = ["connect", String(server.port), "-c", COMMANDS];
  const piped = await run(args, { cwd: folder.path, env: { TERM: "xterm" } });
  expect(piped.stdout + piped.stderr).not.toContain(ESC);
  const forced = await run(args, { cwd: folder.path, env: { FORCE_COLOR: "1" } });
  expect(forced.stdout).toContain(`${BLUE}notes/`);
  expect(forced.stderr).toContain(`${GREEN}verified`);
  // Nor is anything broken into lines where it may be read by a program.
  expect(forced.stdout).toContain(
    "\n  -u, --update     pass over files whose size and time are the same\n",
  );
});

test("columns stand below each other beside wide characters", async () => {
  using folder = new TemporaryFolder();
  await using server = await serving(folder);
  const { seen } = await show(folder, server);
  expect(seen).toMatch(
    /^1 B  \d{4}-\d\d-\d\d \d\d:\d\d  a\.txt\n {2}-  \S{10} \S{5}  notes\/\n4 B  \S{10} \S{5}  日本語\.txt\na\.txt  notes\/  日本語\.txt$/m,
  );
});

test("40 columns are enough: lines end between words", async () => {
  using folder = new TemporaryFolder();
  await using server = await serving(folder);
  const { seen } = await show(folder, server, { columns: 40 });
  expect(seen).toMatch(/^\d B  \d{4}-\d\d-\d\d  a\.txt$/m);
  expect(seen).toMatch(/^GET no\/such\/file\.txt: There is no\n {2}folder no \(on the server\)$/m);
  expect(seen).toMatch(
    /^ {2}-u, --update {5}pass over files whose\n {19}size and time are the\n {19}same$/m,
  );
  expect(seen).toMatch(
    /^WARNING: --insecure: whoever is on the\n {2}way can read and change what is\n/m,
  );
});
