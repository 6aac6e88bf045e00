/**
 * Writes `dist/sftp`, the one executable, for this system; with `--lab` `dist/sftp-lab` instead, which
 * can be told to fail (`src/faults`) and is for the fault laboratory alone.
 */
import { $ } from "bun";
import { join } from "node:path";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");
/** Threads of the program: a file that one begins with is not found by itself. */
const WORKERS = ["src/storage/local/small/worker.ts"];

/** The commit that is built, in seven digits, with a `+` where the tree differs from it. */
async function commit(): Promise<string> {
  // The prefix is empty at the top of a repository: sources within another one have no commit.
  const head = await $`git rev-parse --show-prefix --short=7 HEAD`.cwd(TOP).nothrow().quiet();
  const [prefix, hash = ""] = head.text().split("\n");
  if (head.exitCode !== 0 || prefix !== "") return "no commit";
  const changed = await $`git status --porcelain -- src package.json bun.lock`.cwd(TOP).quiet();
  return hash + (changed.text().trim() === "" ? "" : "+");
}

/**
 * Builds the executable and returns its path. It appears there whole or not at all.
 * @param lab whether it is the one that can be told to fail
 */
export async function build(lab = false): Promise<string> {
  const name = lab ? "sftp-lab" : "sftp";
  const outfile = join(TOP, "dist", process.platform === "win32" ? `${name}.exe` : name);
  const stamp = `BUILD_COMMIT=${JSON.stringify(await commit())}`;
  const define = ["--define", stamp, "--define", `globalThis.FAULT_LAB=${lab}`];
  // Without the two flags the executable would obey a .env and a bunfig.toml where it is started.
  const flags = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  const built =
    await $`${process.execPath} build --compile --minify --splitting --bytecode --format=esm ${flags} ${define} --outfile ${outfile} src/main.ts ${WORKERS}`
      .cwd(TOP)
      .nothrow()
      .quiet();
  if (built.exitCode !== 0) throw new Error(`The build failed:\n${built.stderr.toString().trim()}`);
  return outfile;
}

if (import.meta.main) {
  const lab = process.argv.includes("--lab");
  await main(async () => console.log(`Built ${await build(lab)}`));
}
