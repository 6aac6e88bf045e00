import { createConsola, type ConsolaInstance } from "consola/core";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";

const RED = "\u001b[31m";
const RESET = "\u001b[39m";

/** Whether colours may go to a stream: https://no-color.org, https://force-color.org. */
export function hasColours(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}

/** Messages for people: to standard error, one line each, nothing in them that a terminal obeys. */
export function createMessages(): ConsolaInstance {
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
          write(process.stderr, red ? `${RED}${text}${RESET}\n` : `${text}\n`);
        },
      },
    ],
  });
}

/** Writes to standard output, for programs and pipes. */
export function writeData(text: string): void {
  write(process.stdout, text);
}

/** What was written last to a stream, as long as it has not left the process. */
const leaving = new Map<NodeJS.WriteStream, Promise<void>>();

function write(stream: NodeJS.WriteStream, text: string): void {
  // Where nobody reads any more there is nothing to wait for either.
  leaving.set(stream, new Promise((resolve) => stream.write(text, () => resolve())));
}

/** Writes bytes to standard output; settles when more may be written. Rejects where nobody reads. */
export function writeBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new CommandFailed(Status.failed, `Standard output is closed: ${error.message}`));
    });
  });
}

/** Waits until what was written has left the process. */
export async function flushOutput(): Promise<void> {
  // To write nothing and wait for that would not do: it settles before what was written earlier.
  await Promise.all(leaving.values());
}
