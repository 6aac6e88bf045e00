import { createConsola, type ConsolaInstance } from "consola/core";
import { CommandFailed } from "../client/errors.ts";
import { columnsOf, STDERR } from "../platform/terminal.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import { fold } from "../shell/fold.ts";
import { Meter, type Watcher } from "../shell/progress/meter.ts";
import { PlainMeter } from "../shell/progress/plain-meter.ts";
import { partsOf, type Meaning, type Text } from "../shell/text.ts";
import { LogStream } from "./log-stream.ts";
import { isNoRoom, standardError, standardOutput, type Left, type Outlet } from "./outlet.ts";

const RED = "\u001b[31m";
const YELLOW = "\u001b[33m";
const PLAIN = "\u001b[39m";

/** How a part of a text looks, by what it means: what turns it on, and off again. */
const LOOKS: Readonly<Record<Meaning, readonly [on: string, off: string]>> = {
  good: ["\u001b[32m", PLAIN],
  warning: [YELLOW, PLAIN],
  folder: ["\u001b[34m", PLAIN],
  secondary: ["\u001b[2m", "\u001b[22m"],
};

/** Whether colours may go to an outlet: https://no-color.org, https://force-color.org. */
export function hasColours(outlet: Outlet): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return outlet.isTerminal && TERM !== "dumb";
}

/** The outlets that hold a log: what nobody reads of it does not keep the program from ending. */
const logs = new Set<Outlet>();
const NO_ROOM = "Standard output has no room: what was written to it is not complete";
let noRoom = false;
/** How long the last lines of a log may take to be read at the end, in milliseconds. */
const LOG_FLUSH_MS = 1000;

function write(outlet: Outlet, text: string | Uint8Array, left: Left = () => undefined): void {
  outlet.write(text, (error) => {
    noRoom ||= outlet === standardOutput && error instanceof Error && isNoRoom(error);
    left(error);
  });
}

/** What is written to logs and has not been handed to their streams. */
const gathered = new Set<Gathered>();

/** Writes what comes in one turn of the event loop with one call: a line costs more than its text. */
class Gathered {
  readonly #outlet: Outlet;
  #text = "";
  #told: Left[] = [];

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
    gathered.add(this);
  }

  write(text: string, left: Left): void {
    if (this.#text === "") setImmediate(() => this.flush());
    this.#text += text;
    this.#told.push(left);
  }

  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    const told = this.#told;
    this.#text = "";
    this.#told = [];
    write(this.#outlet, text, (error) => {
      for (const tell of told) tell(error);
    });
  }
}

/** An outlet of this process as a log, which loses lines rather than wait for its reader. */
export function logTo(
  outlet: Outlet,
  describeLost: (lines: number) => string,
): (line: string) => void {
  logs.add(outlet);
  const log = new LogStream(new Gathered(outlet), describeLost);
  return (line) => log.line(line);
}

/**
 * A text as it is written to a stream: nothing in it that a terminal obeys but what its meaning
 * asks for, where there are colours.
 */
export function paint(text: Text, colours: boolean, show = visible): string {
  return partsOf(text)
    .map((part) => {
      if (typeof part === "string") return show(part);
      const [on, off] = colours && part.text !== "" ? LOOKS[part.means] : ["", ""];
      return `${on}${show(part.text)}${off}`;
    })
    .join("");
}

/** The same of a text that has several lines. */
export function paintLines(text: Text, colours: boolean): string {
  return paint(text, colours, (part) => part.split("\n").map(visible).join("\n"));
}

/** What shows progress at the terminal of standard error; `undefined` where there is none. */
export function createMeter(messages: Messages): Watcher | undefined {
  if (!standardError.isTerminal) return undefined;
  if (process.env["TERM"] === "dumb") return new PlainMeter((line) => messages.log(line));
  const colours = hasColours(standardError);
  return new Meter(standardError.stream, (text) => paint(text, colours));
}

/** Messages for people: to standard error, nothing in them that a terminal obeys. */
export interface Messages {
  /** What was done. */
  log(message: Text): void;
  /** What lowers security. */
  warn(message: Text): void;
  /** What went wrong. */
  error(message: Text): void;
}

/** How messages are written. */
export interface MessageOptions {
  /** Where standard error is a terminal, between words rather than at the last column. */
  readonly folded?: boolean;
  /** Takes each line, LF included, in place of standard error. */
  readonly line?: (text: string) => void;
}

/** Messages to standard error, one line each. */
export function createMessages({
  folded = false,
  line = writeMessage,
}: MessageOptions = {}): Messages {
  const colours = hasColours(standardError);
  const consola: ConsolaInstance = createConsola({
    // Said again because consola changes them under CI and tests, and folds repeated lines.
    level: 3,
    throttle: 0,
    reporters: [
      {
        log: ({ type, args }) => {
          const width = folded ? columnsOf(STDERR) : undefined;
          const text = fold(args.map(String).join(" "), width);
          const colour = type === "error" ? RED : type === "warn" ? YELLOW : undefined;
          const painted = colours && colour !== undefined ? `${colour}${text}${PLAIN}` : text;
          line(`${painted}\n`);
        },
      },
    ],
  });
  return {
    log: (message) => consola.log(paint(message, colours)),
    warn: (message) => consola.warn(paint(message, false)),
    error: (message) => consola.error(paint(message, false)),
  };
}

/** Writes to standard error as it is, in its turn among the messages. */
export function writeMessage(text: string): void {
  write(standardError, text);
}

/** Writes to standard output, for programs and pipes. */
export function writeData(text: string): void {
  write(standardOutput, text);
}

/** @throws {CommandFailed} status 7, where standard output had no room for all that was written */
export function checkRoomForOutput(): void {
  if (noRoom) throw new CommandFailed(Status.space, NO_ROOM);
}

/** Writes bytes to standard output; settles when more may be written. Rejects where nobody reads. */
export function writeBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    write(standardOutput, bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else if (isNoRoom(error)) reject(new CommandFailed(Status.space, NO_ROOM));
      else {
        const why =
          "code" in error && error.code === "EPIPE" ? "whoever read it has ended" : error.message;
        reject(new CommandFailed(Status.failed, `Standard output is closed: ${why}`));
      }
    });
  });
}

/** Waits until what was written has left the process; for a log, not for long. */
export async function flushOutput(): Promise<void> {
  for (const log of gathered) log.flush();
  // To write nothing and wait for that would not do: it settles before what was written earlier.
  const waits = [standardOutput, standardError].map((outlet) => {
    const left = outlet.flushed();
    return logs.has(outlet) ? Promise.race([left, Bun.sleep(LOG_FLUSH_MS)]) : left;
  });
  await Promise.all(waits);
}

/** For who writes to the runtime's streams at a terminal: messages and data go there as well then. */
export async function shareStreams(): Promise<void> {
  await Promise.all([standardOutput.useStream(), standardError.useStream()]);
}
