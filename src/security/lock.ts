import { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fromSystem, SecurityError } from "./errors.ts";

/** How long another program's change is waited for, in milliseconds. Changes take a few. */
const PATIENCE_MS = 10_000;

/**
 * Runs `change` while no other program runs one for the same file. The lock is that of an empty
 * SQLite database beside the file: the one that the runtime offers which the system releases when
 * its holder is killed.
 * @param change has to be synchronous, so that this program waits for nobody while it holds the lock
 * @throws {SecurityError} where the lock cannot be had
 */
export function withLock<Result>(file: string, change: () => Result): Result {
  using lock = take(file);
  void lock;
  return change();
}

function take(file: string): Database {
  const path = join(dirname(file), `.${basename(file)}.lock`);
  try {
    // SQLite would make it readable by others, who could then hold up every change.
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw fromSystem(error, `Cannot change ${file}: its lock ${path} cannot be opened`);
  }
  const database = new Database(path);
  try {
    database.run(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    // No second file beside it: nothing is ever written that would have to be undone.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch {
    database.close();
    throw new SecurityError(
      "failed",
      `Cannot change ${file}: another program holds its lock ${path}: try again`,
    );
  }
}
