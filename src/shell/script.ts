import { Status } from "../client/status.ts";
import type { Shell } from "./shell.ts";

/** Runs commands line by line as they come, until one fails, QUIT, or the end. */
export async function runLines(shell: Shell, input: AsyncIterable<Uint8Array>): Promise<Status> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of input) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const status = await shell.run(line);
      if (status !== Status.ok || shell.hasQuit) return status;
    }
  }
  return shell.run(rest + decoder.decode());
}

/** Runs the texts of several `-c` one after the other, until a command fails or QUIT. */
export async function runTexts(shell: Shell, texts: readonly string[]): Promise<Status> {
  for (const text of texts) {
    const status = await shell.run(text);
    if (status !== Status.ok || shell.hasQuit) return status;
  }
  return Status.ok;
}
