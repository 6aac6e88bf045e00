import { CommandFailed, Interrupted } from "../../client/errors.ts";
import { passedEntry } from "../../client/litter.ts";
import { Status } from "../../client/status.ts";
import { WaitingLines } from "../../client/waiting-lines.ts";
import type { Entry } from "../../storage/storage.ts";
import type { Listed } from "./found.ts";

/** The longest listing that is held, about a million entries, in bytes: as of a server's folder. */
const MAX_LISTING = 128 * 1024 * 1024;
/** Entries that are written together. */
const BATCH = 1000;

/**
 * Takes in a listing of this side whole, before anything is done with what it names: what is sent
 * may come to lie in what is listed, where the server's root does. What waits does so as packed text.
 * @returns gives what was listed, some at a time and once: what is used is forgotten
 * @throws {CommandFailed} where it is too long, or the user interrupts
 */
export async function snapshotOf(
  listing: AsyncIterable<readonly Entry[]>,
  signal: AbortSignal,
): Promise<() => AsyncGenerator<readonly Listed[]>> {
  const waiting = new WaitingLines();
  let bytes = 0;
  let lines: string[] = [];
  const flush = (): void => {
    const batch = Buffer.from(lines.join("\n"));
    lines = [];
    bytes += batch.length;
    if (bytes > MAX_LISTING) {
      throw new CommandFailed(
        Status.failed,
        "It holds more than this program takes at once: name a folder further down",
      );
    }
    if (batch.length > 0) waiting.add(batch);
  };
  for await (const some of listing) {
    if (signal.aborted) throw new Interrupted();
    for (const entry of some) {
      passedEntry();
      lines.push(JSON.stringify(toListed(entry)));
      if (lines.length === BATCH) flush();
    }
  }
  flush();
  return async function* entries() {
    for (let text = waiting.take(); text !== undefined; text = waiting.take()) {
      const some: Listed[] = [];
      for (const line of text.split("\n")) {
        if (line === "") continue;
        passedEntry();
        const entry: Listed = JSON.parse(line);
        some.push(entry);
      }
      yield some;
    }
  };
}

function toListed(entry: Entry): Listed {
  const { path, type } = entry;
  if (entry.type === "refused") return { path, type, reason: entry.reason };
  return { path, type, size: entry.size, mtime: entry.mtime };
}
