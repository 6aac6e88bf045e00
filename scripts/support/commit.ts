import { $ } from "bun";
import { join } from "node:path";

const TOP = join(import.meta.dir, "../..");

/** Says it where the sources are a copy without their history: git archive fills it in. */
const COPIED = "COMMIT";

/** All that gets into an executable or an archive, or decides how. */
const CONTENT = `src scripts client server docs/sftp.1 docs/screens LICENSE package.json bun.lock
  bunfig.toml tsconfig.json`.split(/\s+/);

const DIGITS = 7;

/** Stands for the time of a commit that nothing tells, in seconds since 1970. */
const NO_TIME = Date.UTC(2026, 0, 1) / 1000;

export interface Commit {
  /** Seven digits, with a `+` where the tree differs from it; `no commit` where nothing tells. */
  readonly name: string;
  /** In seconds since 1970. */
  readonly time: number;
}

/** The commit that these sources are of. */
export async function readCommit(top = TOP): Promise<Commit> {
  // The prefix is empty at the top of a repository: sources within another one are not of it.
  const head = await $`git rev-parse --show-prefix HEAD`.cwd(top).nothrow().quiet();
  const [prefix, hash = ""] = head.text().split("\n");
  if (head.exitCode !== 0 || prefix !== "") return readCopied(join(top, COPIED));
  const changed = await $`git status --porcelain -- ${CONTENT}`.cwd(top).quiet();
  const time = Number(await $`git log -1 --format=%ct`.cwd(top).text());
  return { name: hash.slice(0, DIGITS) + (changed.text().trim() === "" ? "" : "+"), time };
}

/** Why nobody could make again what is made of these sources, and what to do; `undefined` if they can. */
export function whyNotReproducible({ name }: Commit): string | undefined {
  if (/^[0-9a-f]+$/.test(name)) return undefined;
  return name.endsWith("+")
    ? `files differ from commit ${name.slice(0, -1)}: commit them, and release again`
    : "nothing tells its commit: release from a clone, or from what git archive wrote";
}

/** As it stands in the file COMMIT. */
export function printCommit({ name, time }: Commit): string {
  return `${name} ${time}\n`;
}

async function readCopied(path: string): Promise<Commit> {
  const file = Bun.file(path);
  const text = (await file.exists()) ? await file.text() : "";
  const [, hash = "", changed = "", time] = /^([0-9a-f]{7})[0-9a-f]*(\+?) (\d+)$/m.exec(text) ?? [];
  if (time === undefined) return { name: "no commit", time: NO_TIME };
  return { name: hash.slice(0, DIGITS) + changed, time: Number(time) };
}
