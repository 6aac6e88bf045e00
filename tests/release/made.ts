import { $ } from "bun";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { NATIVE, NATIVE_RELEASE } from "../../scripts/release/native.ts";
import { cleanEnvironment } from "../support/programs.ts";

export const TOP = join(import.meta.dir, "../..");

/** Only a release that hangs takes this long, in milliseconds. */
export const HANG_MS = 900_000;

/** What belongs to this system, as the checks made it, or made now where the binary is newer. */
export async function nativeRelease(): Promise<string> {
  const made = statSync(join(NATIVE_RELEASE, "SHA256SUMS"), { throwIfNoEntry: false });
  if ((made?.mtimeMs ?? 0) <= statSync(join(TOP, "dist/sftp")).mtimeMs) {
    await release(NATIVE, NATIVE_RELEASE);
  }
  return NATIVE_RELEASE;
}

/** Makes what belongs to one target, hardly compressed. */
export async function release(
  target: string,
  to: string,
  env: Record<string, string> = {},
): Promise<void> {
  const arguments_ = ["--only", target, "--quick", "--to", to];
  await $`${process.execPath} scripts/release.ts ${arguments_}`
    .cwd(TOP)
    .env({ ...process.env, ...env })
    .quiet();
}

/** The file of a release whose name ends like this. */
export function find(folder: string, end: string): string {
  const name = readdirSync(folder).find((file) => file.endsWith(end));
  if (name === undefined) throw new Error(`There is no *${end} in ${folder}`);
  return join(folder, name);
}

/** Unpacks an archive, without its own folder. */
export async function unpack(archive: string, to: string): Promise<void> {
  await $`mkdir -p ${to} && tar -xJf ${archive} -C ${to} --strip-components=1`;
}

/** The system's own programs and an empty home: nothing of what built it. */
export function bareEnvironment(home: string): Record<string, string> {
  const { PATH: _, XDG_STATE_HOME: __, ...rest } = cleanEnvironment({ HOME: home });
  return { ...rest, PATH: "/usr/bin:/bin" };
}
