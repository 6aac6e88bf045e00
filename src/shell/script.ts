import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { CommandEnd } from "./command-end.ts";
import type { Script, Shell } from "./shell.ts";

/** The longest command that is taken, with all its lines, in characters: what is longer is none. */
const LONGEST = 1024 * 1024;

/**
 * Runs commands line by line as they come, until one fails, QUIT, or the end.
 * @param script what they come from, where its lines are told of
 * @throws {CommandFailed} status 2, where there is no end of a command
 */
export async function runLines(
  shell: Shell,
  input: AsyncIterable<Uint8Array>,
  script?: Omit<Script, "line">,
): Promise<Status> {
  const decoder = new TextDecoder();
  let rest = "";
  /** Lines of a command that goes on in the next. */
  let begun = "";
  const end = new CommandEnd();
  /** The line that what comes next begins in. */
  let line = 1;
  const run = (text: string): Promise<Status> =>
    shell.run(text, script === undefined ? undefined : { ...script, line });
  for await (const piece of input) {
    const [first = "", ...others] = decoder.decode(piece, { stream: true }).split("\n");
    const lines = [rest + first, ...others];
    rest = lines.pop() ?? "";
    if (rest.length + begun.length > LONGEST) {
      const where = script === undefined ? "" : `${script.name} line ${line}: `;
      const message = `${where}A command has no more than ${LONGEST} characters: is this a script?`;
      throw new CommandFailed(Status.usage, message);
    }
    for (const next of lines) {
      // A line may end in CR LF.
      if (end.goesOn(next.replace(/\r$/, ""))) {
        begun += `${next}\n`;
        continue;
      }
      const text = begun + next;
      begun = "";
      const status = await run(text);
      if (status !== Status.ok || shell.hasQuit) return status;
      line += text.split("\n").length;
    }
  }
  return run(begun + rest + decoder.decode());
}

/** Runs the texts of several `-c` one after the other, until a command fails or QUIT. */
export async function runTexts(shell: Shell, texts: readonly string[]): Promise<Status> {
  for (const text of texts) {
    const status = await shell.run(text);
    if (status !== Status.ok || shell.hasQuit) return status;
  }
  return Status.ok;
}
