import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

/** The end of what was written, with what a terminal obeys. */
const PROMPT = /> [^\n]*$/;
const CTRL_C = "\u0003";
/** Files enough for several groups of small ones, and more than are sent before any is answered. */
const FILES = { get: 400, put: 2400 };
/** So many bytes pass: some of the files, not all. */
const PASSING = 250_000;

function treeOf(folder: string, length: number): Record<string, string> {
  const names = Array.from({ length }, (_, index) => `${folder}/d${index % 7}/f${index}`);
  return Object.fromEntries(names.map((name) => [name, name.padEnd(2048, ".")]));
}

function numberOf(text = ""): number {
  return Number(text.replaceAll(",", ""));
}

function isSent(line: string): boolean {
  return line.includes(" mine");
}

/** Interrupts a command in the middle. Gives what it says to type, and what it said of how far it is. */
async function interrupted(folder: TemporaryFolder, server: number, line: string) {
  const limits = isSent(line) ? { toServer: PASSING } : { toClient: PASSING };
  await using proxy = await StallingProxy.start(server, limits);
  await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path, {
    columns: 400,
  });
  await shell.waitFor(PROMPT);
  shell.press(`${line}\r`);
  await proxy.stalled;
  shell.press(CTRL_C);
  proxy.release();
  const [, there, total, step] = await shell.waitToSee(
    /: Interrupted(?:: ([\d,]+) of ([\d,]+) files are there)?; ([^\n]*) moves only the rest/,
  );
  return { there: numberOf(there), total: numberOf(total), step: step ?? "" };
}

describe("what an interrupted command of many files says to type", () => {
  test.each([
    ["get -r many", "GET -u -r many", "client/many"],
    ["get -r many copy", "MIRROR many copy", "client/copy"],
    ["get -r many 'a b/copy'", "MIRROR many 'a b/copy'", "client/a b/copy"],
    ["get -r many into/", "GET -u -r many into/", "client/into/many"],
    ["get -r many there", "GET -u -r many there", "client/there/many"],
    ["get -r --checksum many copy", "MIRROR --checksum many copy", "client/copy"],
    ["get many/**/f* copy/", "GET -u many/**/f* copy/", "client/copy"],
    ["get -rf many", "GET -u -r many", "client/many"],
    ["get -ru many", "the same again", "client/many"],
    ["get -rfu many", "the same again without -f", "client/many"],
    ["mirror many copy", "the same again", "client/copy"],
    ["put -r mine", "PUT -u -r mine", "server/mine"],
    ["put -r mine copy", "MIRROR -R mine copy", "server/copy"],
    ["put -r mine there", "PUT -u -r mine there", "server/there/mine"],
    ["mirror -R mine copy", "the same again", "server/copy"],
  ])("%s: %s", async (line, told, target) => {
    using folder = new TemporaryFolder();
    const [verb, side, name] = isSent(line)
      ? (["put", "client", "mine"] as const)
      : (["get", "server", "many"] as const);
    writeTree(folder.join(side), treeOf(name, FILES[verb]));
    for (const each of ["client", "server"])
      mkdirSync(folder.join(each, "there"), { recursive: true });
    await using server = await ServerProcess.start(folder.join("server"));
    const { there, total, step } = await interrupted(folder, server.port, line);
    expect(step).toBe(told);
    // Of what is sent the server may not have told yet.
    if (verb === "get" || there > 0) expect(total).toBe(FILES[verb]);
    if (verb === "get") expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(FILES[verb]);
    const same = step.endsWith("-f") ? line.replace("-rf", "-r") : line;
    const again = step.startsWith("the same") ? same : step;
    const ran = await connect(folder.join("client"), server.port, again, "--json");
    expect(ran.status).toBe(0);
    expect(contentsOf(folder.join(target))).toEqual(contentsOf(folder.join(side, name)));
    const [, skipped] = /"event":"finished".*"skipped":(\d+),/.exec(ran.stdout) ?? [];
    // What was sent last may be there without the client having been told.
    if (verb === "get") expect(Number(skipped)).toBe(there);
    else expect(Number(skipped)).toBeGreaterThanOrEqual(there);
  });
});

test.each(["get -r many", "get -rn many", "mirror many"])(
  "where nothing has begun, an interrupted %s says nothing of going on",
  async (line) => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("client"));
    const asked = Promise.withResolvers<void>();
    await using server = await PlayedServer.start((request) => {
      if (request === undefined) return "220 protocol=1 server=x auth=none pipeline=1024\n";
      if (request.startsWith("LIST")) asked.resolve();
      return request.startsWith("ABORT") ? "426 aborted Cancelled\n225\n" : "";
    });
    await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
    await shell.waitFor(PROMPT);
    shell.press(`${line}\r`);
    await asked.promise;
    shell.press(CTRL_C);
    await shell.waitToSee(/many: Interrupted.*\n[^]*>$/m);
    expect(shell.seen).toMatch(/many: Interrupted *\n/);
  },
);

test.each([
  ["get -r t", "GET t: "],
  ["get -r t copy", "GET t to copy: "],
  ["get -r t in", "GET t to in/t: "],
  ["get -r t in/", "GET t to in/t: "],
  ["get -r t t", "GET t: "],
  ["get -r t/. copy", "GET t/. to copy: "],
  ["get t/* in/", "GET t/* to in/: "],
  ["get -u t/a copy", "GET t/a to copy: "],
  ["mirror t copy", "MIRROR t to copy: "],
  ["mirror t", "MIRROR t: "],
  ["put -r up copy", "PUT up to copy: "],
  ["put -r up in", "PUT up to in/up: "],
  ["put -r ./up", "PUT ./up: "],
  ["mirror -R up copy", "MIRROR up to copy: "],
])("the end of %s begins with %s", async (line, told) => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("server"), { "t/a": "a", "t/b": "b" });
  writeTree(folder.join("client"), { "up/a": "a" });
  for (const side of ["client", "server"]) mkdirSync(folder.join(side, "in"));
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await connect(folder.join("client"), server.port, line);
  expect(`\n${ran.stderr}`).toContain(`\n${told}`);
  expect(ran.status).toBe(0);
});
