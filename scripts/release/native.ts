import { join } from "node:path";
import { TARGETS } from "./targets.ts";

/** Where the checks keep what belongs to this system, hardly compressed. */
export const NATIVE_RELEASE = join(import.meta.dir, "../..", "dist", "release-native");

/** The target of this system. */
export const NATIVE = `linux-${process.arch}`;

/** Makes it. */
export const MAKE_NATIVE = ["scripts/release.ts", "--only", NATIVE, "--quick"];

/** Why no release can be made here; `undefined` where it can. */
export function whyNoRelease(): string | undefined {
  if (!TARGETS.some(({ name }) => name === NATIVE)) return "needs Linux on x64 or arm64";
  if (process.platform !== "linux") return `needs Linux, and this is ${process.platform}`;
  return Bun.which("xz") === null ? "needs xz" : undefined;
}
