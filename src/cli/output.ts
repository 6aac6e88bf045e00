import { createConsola, type ConsolaInstance } from "consola/core";
import { visible } from "../observe/visible.ts";
import { LogStream, type LogTarget } from "./log-stream.ts";

const RED = "\u001b[31m";
const RESET = "\u001b[39m";

/** Whether colours may go to a stream: https://no-color.org, https://force-color.org. */
export function hasColours(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}

/** A stream of this process as a log, which loses lines rather than wait for its reader. */
export function logTo(
  stream: LogTarget,
  describeLost: (lines: number) => string,
): (line: string) => void {
  const log = new LogStream(stream, describeLost);
  return (line) => log.line(line);
}

/**
 * Messages for people: one line each, nothing in them that a terminal obeys.
 * @param write takes a line; to standard error where it is left out
 */
export function createMessages(
  write: (line: string) => void = (line) => process.stderr.write(line),
): ConsolaInstance {
  const colours = hasColours(process.stderr);
  return createConsola({
    // Said again because consola changes them under CI and tests, and folds repeated lines.
    level: 3,
    throttle: 0,
    reporters: [
      {
        log: ({ type, args }) => {
          const text = visible(args.map(String).join(" "));
          const red = colours && type === "error";
          write(red ? `${RED}${text}${RESET}\n` : `${text}\n`);
        },
      },
    ],
  });
}

/** Writes to standard output, for programs and pipes. */
export function writeData(text: string): void {
  process.stdout.write(text);
}

/** Waits until what was written has left the process. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => stream.write("", () => resolve()));
  }
}
