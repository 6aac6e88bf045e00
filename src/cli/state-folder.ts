import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where the program keeps what lasts (XDG Base Directory Specification); it may not exist yet. */
export function stateFolder(): string {
  const { XDG_STATE_HOME } = process.env;
  const base =
    XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME)
      ? XDG_STATE_HOME
      : join(homedir(), ".local", "state");
  return join(base, "sftp");
}
