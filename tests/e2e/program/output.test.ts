import { describe, expect, test } from "bun:test";
import { $ } from "bun";
import { closeSync, constants, createReadStream, mkdirSync, openSync } from "node:fs";
import { BINARY, cleanEnvironment, run, TemporaryFolder } from "../../support/programs.ts";
import { Transcript } from "../../support/transcript.ts";

/** Together they write a megabyte, and a pipe holds 64 KiB. */
const HELPS = 1000;
const MUCH = "HELP; ".repeat(HELPS);
/** Says so on standard error, and is forgiven. */
const FAILS = "-PWD";
const SAYS = /Not connected/;

/** A pipe, with both ends open. */
interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** @param flags of the end that is written to */
async function pipeIn(folder: TemporaryFolder, flags = 0): Promise<Pipe> {
  const path = folder.join("pipe");
  await $`mkfifo ${path}`;
  // Neither end waits for the other while somebody has both.
  const both = openSync(path, constants.O_RDWR);
  const reader = openSync(path, constants.O_RDONLY);
  const writer = openSync(path, constants.O_WRONLY | flags);
  closeSync(both);
  return { reader, writer };
}

/** Runs commands that need no server. The descriptor is closed here. */
function start(folder: TemporaryFolder, commands: string, stdout: number, withErrors = false) {
  const root = folder.join("client");
  mkdirSync(root);
  const child = Bun.spawn([BINARY, "connect", "--root", root, "-c", commands], {
    stdin: "ignore",
    stdout,
    stderr: withErrors ? stdout : "pipe",
    env: cleanEnvironment(),
  });
  closeSync(stdout);
  return child;
}

/** Waits until it has said what the pattern matches on standard error. */
async function says(stream: unknown, pattern: RegExp): Promise<void> {
  if (!(stream instanceof ReadableStream)) throw new Error("it has no standard error");
  const said = new Transcript();
  const decoder = new TextDecoder();
  const following = (async () => {
    for await (const piece of stream) said.add(decoder.decode(piece, { stream: true }));
    said.end();
  })();
  await Promise.race([said.waitFor(pattern), following]);
}

/** What a pipe still gives until all who write to it have ended. */
async function rest({ reader }: Pipe): Promise<string> {
  let text = "";
  for await (const piece of createReadStream("", { fd: reader, encoding: "utf8" })) text += piece;
  return text;
}

describe("standard output that is a pipe", () => {
  test.each<[string, number]>([
    ["is full", 0],
    ["is full and never waits", constants.O_NONBLOCK],
  ])("holds up no command and loses nothing when it %s", async (_, flags) => {
    using folder = new TemporaryFolder();
    const pipe = await pipeIn(folder, flags);
    const child = start(folder, `${MUCH}${FAILS}`, pipe.writer);
    // The last command has run, and nobody has read anything.
    await says(child.stderr, SAYS);
    expect(child.exitCode).toBe(null);
    const text = await rest(pipe);
    expect(await child.exited).toBe(0);
    const { stdout: once } = await run(["connect", "--root", folder.path, "-c", "HELP"]);
    expect(text.length).toBe(HELPS * once.length);
    expect(text === once.repeat(HELPS)).toBe(true);
  });

  test("ends no command when whoever read it is gone", async () => {
    using folder = new TemporaryFolder();
    const pipe = await pipeIn(folder);
    const child = start(folder, `${MUCH}${FAILS}; ${MUCH}LPWD`, pipe.writer);
    await says(child.stderr, SAYS);
    closeSync(pipe.reader);
    expect(await child.exited).toBe(0);
  });

  test("has messages in their turn when standard error is the same", async () => {
    using folder = new TemporaryFolder();
    const pipe = await pipeIn(folder);
    const child = start(folder, `LPWD; ${FAILS}; `.repeat(20), pipe.writer, true);
    const text = await rest(pipe);
    expect(await child.exited).toBe(0);
    expect(text.trim().split("\n")).toEqual(
      Array.from({ length: 40 }, (_, line) =>
        line % 2 === 0 ? folder.join("client") : expect.stringMatching(SAYS),
      ),
    );
  });
});
