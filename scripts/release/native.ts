import { join } from "node:path";
import { findTarget, systemName, TARGETS } from "./targets.ts";

/** Where the checks keep what belongs to this system, hardly compressed. */
export const NATIVE_RELEASE = join(import.meta.dir, "../..", "dist", "release-native");

/** This system, by its name as a target. */
export const NATIVE = systemName();

/** Makes it. */
export const MAKE_NATIVE = ["scripts/release.ts", "--only", NATIVE, "--quick"];

/** What packs, and how each names itself: others of these names take other flags. */
const TOOLS = { tar: "GNU tar", xz: "XZ Utils" };

/** Why no release can be made here; `undefined` where it can. */
export function whyNoRelease(): string | undefined {
  if (process.platform !== "linux" || !TARGETS.some(({ name }) => name === NATIVE)) {
    return `needs Linux on x64 or arm64, and this is ${NATIVE}`;
  }
  for (const [tool, known] of Object.entries(TOOLS)) {
    const path = Bun.which(tool);
    const said = path === null ? "" : Bun.spawnSync([path, "--version"]).stdout.toString();
    if (!said.includes(known)) return `needs ${known}: on Debian, apt install tar xz-utils`;
  }
  return undefined;
}

/** Whether there is a Debian package for this system. */
export function hasDebian(): boolean {
  return findTarget(NATIVE).debian !== undefined;
}
