import { closeSync, constants, openSync, readSync } from "node:fs";
import { CommandFailed, Interrupted } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import { writeMessage } from "./output.ts";
import { SYSTEM } from "../platform/system.ts";

/** The longest that can be typed, in characters: far beyond any password. */
const MAX_TYPED = 4096;

const KEY = {
  interrupt: "\u0003",
  end: "\u0004",
  backspace: "\b",
  delete: "\u007f",
  clear: "\u0015",
  clearWord: "\u0017",
} as const;

/** The terminal of standard input, where it can be told; else the one that controls the program. */
const OPENED_ANEW = SYSTEM.holdsFolders ? "/proc/self/fd/0" : "/dev/tty";

/** Takes a character off the terminal's line. */
const ERASE = "\b \b";

/** Sequences that keys such as the arrows send. */
// oxlint-disable-next-line no-control-regex
const ESCAPE = /^\u001b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z]|)/;
/** The beginning of one, whose rest comes with the next keys. */
// oxlint-disable-next-line no-control-regex
const UNFINISHED = /^\u001b(?:\[[0-9;?]*|O|)$/;
/** What comes later than this behind it was pressed for itself, in milliseconds: as in readline. */
const UNFINISHED_MS = 500;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Asks for a secret at the terminal, without showing what is typed. Whoever else reads the
 * terminal, such as a shell's prompt, gets nothing of it meanwhile.
 * @throws {Interrupted} on Ctrl-C
 * @throws {CommandFailed} where there is no terminal, or its input ends
 */
export function readSecret(question: string): Promise<string> {
  return ask(question, false);
}

/**
 * Asks at the terminal whether to go on: only `y` and `yes` mean it.
 * @param facts what to know before, a line each
 * @throws {Interrupted} on Ctrl-C
 */
export async function confirm(facts: readonly string[]): Promise<boolean> {
  writeMessage(`${facts.map(visible).join("\n")}\n`);
  return /^\s*y(?:es)?\s*$/i.test(await ask("Go on? (y/N)", true));
}

async function ask(question: string, shown: boolean): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) {
    throw new CommandFailed(Status.usage, `${question}: there is no terminal to ask at`);
  }
  const wasRaw = stdin.isRaw;
  const others = stdin.listeners("data");
  stdin.removeAllListeners("data");
  stdin.setRawMode(true);
  dropTypedAhead();
  try {
    writeMessage(`${visible(question)}: `);
    return await typed(stdin, shown);
  } finally {
    writeMessage("\n");
    stdin.setRawMode(wasRaw);
    stdin.pause();
    for (const other of others) if (isListener(other)) stdin.on("data", other);
    if (others.length > 0) stdin.resume();
  }
}

/** Drops what nobody has read yet of what was typed: it was not meant for this question. */
function dropTypedAhead(): void {
  let terminal: number;
  try {
    // A description of its own, so that standard input goes on blocking.
    terminal = openSync(
      OPENED_ANEW,
      constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return;
  }
  try {
    const dropped = Buffer.alloc(4096);
    while (readSync(terminal, dropped) > 0);
  } catch {
    // Nothing is left.
  } finally {
    closeSync(terminal);
  }
}

/**
 * Reads a secret from standard input where that is no terminal: its first line.
 * @param what names it, for messages
 * @throws {CommandFailed} where there is none
 */
export async function readSecretLine(what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of process.stdin) {
    text += decoder.decode(piece, { stream: true });
    if (text.includes("\n") || text.length > MAX_TYPED) break;
  }
  const [line = ""] = text.split("\n", 1);
  const secret = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (secret !== "") return secret;
  throw new CommandFailed(
    Status.usage,
    `${what} is missing: give it in the first line of standard input, or at a terminal`,
  );
}

function isListener(listener: unknown): listener is (piece: Uint8Array) => void {
  return typeof listener === "function";
}

function typed(stdin: NodeJS.ReadStream, shown: boolean): Promise<string> {
  const line = new TypedLine();
  const decoder = new TextDecoder();
  return new Promise((resolve, reject) => {
    const stop = (rest: string): void => {
      stdin.off("data", take);
      stdin.off("end", gone);
      stdin.pause();
      // What was typed ahead belongs to whoever asks next.
      if (rest !== "") stdin.unshift(Buffer.from(rest));
    };
    const gone = (): void => {
      stop("");
      reject(new CommandFailed(Status.failed, "The input ended before anything was entered"));
    };
    const take = (piece: Uint8Array): void => {
      const before = line.text;
      const done = line.take(decoder.decode(piece, { stream: true }));
      if (shown) writeMessage(`${ERASE.repeat(before.length)}${line.text}`);
      if (done === undefined) return;
      if (done.end === "input") return gone();
      stop(done.rest);
      if (done.end === "interrupt") reject(new Interrupted());
      else resolve(line.text);
    };
    stdin.on("data", take);
    stdin.on("end", gone);
    stdin.resume();
  });
}

/** A line as it is typed: it can be corrected from its end. */
class TypedLine {
  #text = "";
  #unfinished = { keys: "", at: 0 };

  get text(): string {
    return this.#text;
  }

  /** Takes keys. Gives why the line has ended, where it has, and what was typed behind it. */
  take(
    keys: string,
  ): { readonly end: "line" | "interrupt" | "input"; readonly rest: string } | undefined {
    const now = performance.now();
    const { keys: begun, at } = this.#unfinished;
    this.#unfinished = { keys: "", at: now };
    for (let rest = (now - at < UNFINISHED_MS ? begun : "") + keys; rest !== "";) {
      if (UNFINISHED.test(rest)) {
        this.#unfinished = { keys: rest, at: now };
        return undefined;
      }
      const [escape = ""] = ESCAPE.exec(rest) ?? [];
      const key = escape === "" ? String.fromCodePoint(rest.codePointAt(0) ?? 0) : escape;
      rest = rest.slice(key.length);
      if (key === "\r" || key === "\n") return { end: "line", rest };
      if (key === KEY.interrupt) return { end: "interrupt", rest: "" };
      if (key === KEY.end && this.#text === "") return { end: "input", rest: "" };
      if (key === KEY.clear || key === KEY.clearWord) this.#text = "";
      else if (key === KEY.backspace || key === KEY.delete) {
        this.#text = Array.from(this.#text).slice(0, -1).join("");
      } else if (!CONTROL.test(key) && this.#text.length < MAX_TYPED) this.#text += key;
    }
    return undefined;
  }
}
