import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where the program keeps what lasts (XDG Base Directory Specification); it may not exist yet. */
export function stateFolder(): string {
  return folderOf(process.env["XDG_STATE_HOME"], ".local", "state");
}

/** Where the user configures the program (of the same specification); it may not exist. */
export function configFolder(): string {
  return folderOf(process.env["XDG_CONFIG_HOME"], ".config");
}

function folderOf(base: string | undefined, ...below: string[]): string {
  const chosen = base !== undefined && isAbsolute(base) ? base : join(homedir(), ...below);
  return join(chosen, "sftp");
}
