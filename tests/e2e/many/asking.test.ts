import { describe, expect, test } from "bun:test";
import { filesUnder, publishedUnder, write } from "../../support/files.ts";
import { Pair } from "../../support/pair.ts";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { factsOf } from "../../support/trees.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const UP = "\u001b[A";
const promptAt = (port: number): RegExp => new RegExp(`sftp 127\\.0\\.0\\.1:${port}> [^\\n]*$`);

/** A shell at a terminal, connected to a server that has four files. */
async function shellOn(
  folder: TemporaryFolder,
): Promise<{ server: ServerProcess; shell: TerminalProgram; prompt: RegExp }> {
  for (const name of ["a", "b", "c", "d"]) {
    write(folder.join("server", name), name);
    write(folder.join("client/up", name), name);
  }
  const server = await ServerProcess.start(folder.join("server"));
  const shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  const prompt = promptAt(server.port);
  await shell.waitFor(prompt);
  return { server, shell, prompt };
}

/** Answers each question with what is given, in order. */
async function answer(
  shell: TerminalProgram,
  line: string,
  answers: readonly string[],
): Promise<void> {
  const question = /\? \(yes, no, all, quit\) \[yes\] [^\n]*$/;
  await shell.type(line, question);
  for (const [index, text] of answers.entries()) {
    if (index < answers.length - 1) await shell.type(text, question);
    else shell.press(`${text}\r`);
  }
}

describe("-i at a terminal", () => {
  test.each([
    ["MGET -i a b c d", ["y", "n", "yes", "No"], ["a", "c"]],
    ["MGET -i a b c d", ["", "N", "", "n"], ["a", "c"]],
    ["MGET -i a b c d", ["n", "a"], ["b", "c", "d"]],
    ["MGET -i a b c d", ["y", "q"], ["a"]],
    ["MGET -i a b c d", ["what", "maybe", "n", "quit"], []],
    ["MGET -i -u a b", ["n", "all"], ["b"]],
  ])("%s, answered %j, gets %j", async (line, answers, names) => {
    using folder = new TemporaryFolder();
    const { server, shell, prompt } = await shellOn(folder);
    await using _ = server;
    await using __ = shell;
    const before = shell.raw.length;
    await answer(shell, line, answers);
    await shell.waitFor(prompt, before);
    await shell.waitFor(/MGET|GET a and/, before);
    shell.press("quit\r");
    expect(await shell.process.exited).toBe(0);
    expect(publishedUnder(folder.join("client")).filter((name) => !name.startsWith("up"))).toEqual(
      names,
    );
  });

  test("what the user declines is told", async () => {
    using folder = new TemporaryFolder();
    const { server, shell } = await shellOn(folder);
    await using _ = server;
    await using __ = shell;
    const before = shell.raw.length;
    await answer(shell, "MGET -i a b c d", ["y", "n", "yes", "no"]);
    await shell.waitFor(/2 files, 2 B[^\n]*, 2 files left out/, before);
  });

  test("MPUT -i asks likewise", async () => {
    using folder = new TemporaryFolder();
    const { server, shell } = await shellOn(folder);
    await using _ = server;
    await using __ = shell;
    await answer(shell, "MPUT -i up/a up/b up/c new/", ["n", "y", "n"]);
    await shell.waitFor(/PUT up\/a and 2 more to new\/: 1 file/);
    expect(filesUnder(folder.join("server"))).toEqual(["a", "b", "c", "d", "new/b"]);
  });

  test("Ctrl-C at a question ends the command, clears what was typed, and keeps the shell", async () => {
    using folder = new TemporaryFolder();
    const { server, shell, prompt } = await shellOn(folder);
    await using _ = server;
    await using __ = shell;
    await shell.type("MGET -i a b", /a\? \(yes, no, all, quit\) \[yes\] [^\n]*$/);
    await shell.waitFor(/nonsense[^\n]*$/, shell.press("nonsense"));
    const before = shell.press(CTRL_C);
    await shell.waitFor(/Interrupted/, before);
    await shell.waitFor(prompt, before);
    await shell.type("get c", /GET c: 1 B/);
    expect(publishedUnder(folder.join("client")).filter((name) => !name.startsWith("up"))).toEqual([
      "c",
    ]);
    // What was answered is no command to go back to.
    await shell.type("MGET -i a b", /\[yes\] [^\n]*$/);
    await shell.type("no", /\[yes\] [^\n]*$/);
    await shell.type("no", prompt);
    await shell.waitFor(/MGET -i a b[^\n]*$/, shell.press(UP));
  });

  test("Ctrl-D at a question gets nothing more, and leaves", async () => {
    using folder = new TemporaryFolder();
    const { server, shell } = await shellOn(folder);
    await using _ = server;
    await using __ = shell;
    await shell.type("MGET -i a b c", /a\? .*\[yes\] [^\n]*$/);
    await shell.type("y", /b\? .*\[yes\] [^\n]*$/);
    shell.press(CTRL_D);
    expect(await shell.process.exited).toBe(0);
    expect(publishedUnder(folder.join("client")).filter((name) => !name.startsWith("up"))).toEqual([
      "a",
    ]);
  });
});

test.each(["MGET -i a", "MPUT -i a", "MGET -i -r .", "MPUT -n -i a"])(
  "%s without a terminal is a usage error, and does nothing",
  async (line) => {
    await using pair = await Pair.start({ there: { a: "1" }, here: { a: "2" } });
    const ran = await pair.run(line, ["--json"]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain("-i asks, and there is no terminal");
    expect(ran.stdout).not.toContain('"finished"');
    expect([pair.held, pair.served]).toEqual([{ a: "2" }, { a: "1" }]);
  },
);

test("GET and PUT have no -i", async () => {
  await using pair = await Pair.start({});
  const ran = await run([
    "connect",
    String(pair.server.port),
    "--root",
    pair.here(),
    "-c",
    "GET -i a",
  ]);
  expect(ran.status).toBe(2);
});

test.each([
  ["get -r .", "toClient"],
  ["put -r up", "toServer"],
] as const)(
  "Ctrl-C in the middle of %s keeps connection and shell, and leaves nothing partial",
  async (line, side) => {
    using folder = new TemporaryFolder();
    for (let n = 0; n < 3000; n++) {
      const from = side === "toClient" ? "server" : "client/up";
      write(folder.join(from, `d${n % 10}`, `f${n}`), `content of ${n}`.repeat(40));
    }
    write(folder.join("server/last"), "last");
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { [side]: 700_000 });
    await using shell = new TerminalProgram(["connect", String(proxy.port)], folder.path);
    const prompt = promptAt(proxy.port);
    await shell.waitFor(prompt);
    shell.press(`${line}\r`);
    await proxy.stalled;
    const before = shell.press(CTRL_C);
    proxy.release();
    await shell.waitFor(/Interrupted/, before);
    await shell.waitFor(prompt, before);
    await shell.type("get last", /GET last: 4 B/);
    expect(shell.screen).not.toContain("Warning");
    expect(shell.screen.slice(before)).not.toContain("lost");
    // What is there is whole, and nothing else is.
    const [from, to] = side === "toClient" ? ["server", "client"] : ["client/up", "server/up"];
    const source = new Set(factsOf(folder.join(from)));
    const arrived = factsOf(folder.join(to)).filter((fact) => fact !== "up/");
    expect(arrived.length).toBeGreaterThan(0);
    expect(arrived.length).toBeLessThan(3000);
    expect(arrived.filter((fact) => !source.has(fact))).toEqual([]);
    for (const root of ["server", "client"]) {
      expect(
        filesUnder(folder.join(root)).filter((name) => name.includes(".sftp-staging")),
      ).toEqual([]);
    }
    await shell.type(line.replace(" -r", " -u -r"), /files, .*the same already/);
    expect(factsOf(folder.join(to)).filter((fact) => source.has(fact)).length).toBe(source.size);
    shell.press("quit\r");
    expect(await shell.process.exited).toBe(0);
  },
);
