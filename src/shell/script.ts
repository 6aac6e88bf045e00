import { Status } from "../client/status.ts";
import { isUnfinished } from "./parse.ts";
import type { Shell } from "./shell.ts";

/** Runs commands line by line as they come, until one fails, QUIT, or the end. */
export async function runLines(shell: Shell, input: AsyncIterable<Uint8Array>): Promise<Status> {
  const decoder = new TextDecoder();
  let rest = "";
  /** Lines of a command that goes on in the next. */
  let begun = "";
  for await (const piece of input) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const text = begun + line;
      begun = isUnfinished(text) ? `${text}\n` : "";
      if (begun !== "") continue;
      const status = await shell.run(text);
      if (status !== Status.ok || shell.hasQuit) return status;
    }
  }
  return shell.run(begun + rest + decoder.decode());
}

/** Runs the texts of several `-c` one after the other, until a command fails or QUIT. */
export async function runTexts(shell: Shell, texts: readonly string[]): Promise<Status> {
  for (const text of texts) {
    const status = await shell.run(text);
    if (status !== Status.ok || shell.hasQuit) return status;
  }
  return Status.ok;
}
