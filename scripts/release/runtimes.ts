import { $ } from "bun";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import pkg from "../../package.json";
import type { Target } from "./targets.ts";

const TOP = join(import.meta.dir, "../..");
const FOLDER = join(TOP, "dist", "runtimes");
const VERSION = pkg.devDependencies.bun;

/** The Bun of each target, by its name: from npm, and the very one that bun.lock names. */
export async function fetchRuntimes(targets: readonly Target[]): Promise<Map<string, string>> {
  mkdirSync(FOLDER, { recursive: true });
  const dependencies = Object.fromEntries(targets.map((target) => [target.package, VERSION]));
  await Bun.write(
    join(FOLDER, "package.json"),
    JSON.stringify({ name: "runtimes", private: true, dependencies }),
  );
  const installed = await $`${process.execPath} install ${["--os=*", "--cpu=*"]}`
    .cwd(FOLDER)
    .nothrow()
    .quiet();
  if (installed.exitCode !== 0) {
    throw new Error(`Could not fetch Bun from npm:\n${installed.stderr.toString().trim()}`);
  }
  const [locked, fetched] = await Promise.all([integrities(TOP), integrities(FOLDER)]);
  return new Map(
    targets.map((target) => {
      const id = `${target.package}@${VERSION}`;
      if (locked.get(id) === undefined || locked.get(id) !== fetched.get(id)) {
        throw new Error(`npm's ${id} is not the one that bun.lock names`);
      }
      const file = target.kernel === "windows" ? "bun.exe" : "bun";
      const path = join(FOLDER, "node_modules", target.package, "bin", file);
      if (!existsSync(path)) throw new Error(`There is no ${path}: remove ${FOLDER} and try again`);
      return [target.name, path];
    }),
  );
}

/** The digest of each package in a bun.lock, by name and version. */
async function integrities(folder: string): Promise<Map<string, string>> {
  const lock = await Bun.file(join(folder, "bun.lock")).text();
  const entries = lock.matchAll(/^ {4}"[^"]+": \["([^"]+)",.*"(sha512-[^"]+)"\],?$/gm);
  return new Map(Array.from(entries, ([, id = "", digest = ""]) => [id, digest]));
}
