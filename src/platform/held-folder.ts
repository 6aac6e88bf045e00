import { existsSync, readlinkSync } from "node:fs";
import { SYSTEM } from "./system.ts";

/** This process in `/proc` by its number there: to follow `/proc/self` costs a fifth of most calls. */
const PROCESS = SYSTEM.holdsFolders ? processFolder() : undefined;

/** Whether an open folder has a path of its own; a chroot may lack what that takes. */
export const HOLDS_FOLDERS = PROCESS !== undefined;

/** The path of an open folder, whatever becomes of its name; of use only where `HOLDS_FOLDERS`. */
export function heldFolder(descriptor: number): string {
  return `${PROCESS ?? "/proc/self"}/fd/${descriptor}`;
}

/** Its number may be another one than its own, where `/proc` is that of another namespace. */
function processFolder(): string | undefined {
  try {
    const folder = `/proc/${readlinkSync("/proc/self")}`;
    return existsSync(`${folder}/fd`) ? folder : undefined;
  } catch {
    return undefined;
  }
}
