/**
 * Writes `dist/sftp`, the one executable, for this system; with `--lab` `dist/sftp-lab` instead, which
 * can be told to fail (`src/faults`) and is for the fault laboratory alone.
 */
import { $ } from "bun";
import { join } from "node:path";
import { readCommit } from "./support/commit.ts";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");

/** Another system to build for. */
export interface Elsewhere {
  /** As Bun names it: `bun-linux-arm64-musl`. */
  readonly target: string;
  /** The Bun that becomes part of the executable. */
  readonly runtime: string;
  readonly outfile: string;
}

/**
 * Builds the executable and returns its path. It appears there whole or not at all, and is the same
 * byte for byte wherever it is built, as long as the file has the same name.
 * @param lab whether it is the one that can be told to fail
 */
export async function build(lab = false, elsewhere?: Elsewhere): Promise<string> {
  const name = lab ? "sftp-lab" : "sftp";
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const outfile = elsewhere?.outfile ?? join(TOP, "dist", file);
  const stamp = `BUILD_COMMIT=${JSON.stringify((await readCommit()).name)}`;
  const flags = ["--minify", "--bytecode", "--format=esm"];
  flags.push("--define", stamp, "--define", `globalThis.FAULT_LAB=${lab}`);
  // Without the two flags the executable would obey a .env and a bunfig.toml where it is started.
  flags.push("--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig");
  if (elsewhere !== undefined) {
    const { target, runtime } = elsewhere;
    flags.push(`--target=${target}`, `--compile-executable-path=${runtime}`);
  }
  const built =
    await $`${process.execPath} build --compile ${flags} --outfile ${outfile} src/main.ts`
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
