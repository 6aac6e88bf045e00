import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { BadPath, checkLengths, type Path } from "../protocol/path.ts";

/**
 * Reads what a user typed for the server's side: from the root where it begins with `/`, `.` and
 * `..` resolved here, so that the wire never carries them.
 * @param folder what it is relative to
 * @throws {CommandFailed} status 6, where it leads above the root or is longer than any can be
 */
export function parseRemotePath(typed: string, folder: Path): Path {
  const path: string[] = typed.startsWith("/") ? [] : [...folder];
  for (const part of typed.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") {
      path.push(part);
    } else if (path.pop() === undefined) {
      throw new CommandFailed(Status.refused, `${typed} leads above the server's root`);
    }
  }
  try {
    checkLengths(path);
  } catch (error) {
    if (!(error instanceof BadPath)) throw error;
    throw new CommandFailed(Status.refused, error.message);
  }
  return path;
}

/** Whether what was typed can only mean a folder. */
export function meansFolder(typed: string): boolean {
  return typed === "" || /(?:^|\/)\.{0,2}$/.test(typed);
}
