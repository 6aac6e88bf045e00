import { homedir } from "node:os";
import { fromStart } from "../platform/started-in.ts";
import { SYSTEM } from "../platform/system.ts";

/** Where the program keeps what lasts; it may not exist yet. */
export function stateFolder(): string {
  return fromStart(SYSTEM.stateFolder(process.env, homedir()));
}

/** Where the user configures the program; it may not exist. */
export function configFolder(): string {
  return SYSTEM.configFolder(process.env, homedir());
}
