import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import type { Path } from "../protocol/path.ts";

/**
 * Reads what a user typed for the server's side: from the root, `.` and `..` resolved here, so that
 * the wire never carries them.
 * @throws {CommandFailed} status 6, where it leads above the root
 */
export function parseRemotePath(typed: string): Path {
  const path: string[] = [];
  for (const part of typed.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") {
      path.push(part);
    } else if (path.pop() === undefined) {
      throw new CommandFailed(Status.refused, `${typed} leads above the server's root`);
    }
  }
  return path;
}

/** Whether what was typed can only mean a folder. */
export function meansFolder(typed: string): boolean {
  return typed === "" || /(?:^|\/)\.{0,2}$/.test(typed);
}
