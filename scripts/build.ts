/** Writes `dist/sftp`, the one executable, for this system. */
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
}

/**
 * Builds the executable and returns its path. It appears there whole or not at all, and is the same
 * byte for byte wherever it is built, as long as the file has the same name.
 */
export async function build(
  outfile = join(TOP, "dist", process.platform === "win32" ? "sftp.exe" : "sftp"),
  elsewhere?: Elsewhere,
): Promise<string> {
  const define = `BUILD_COMMIT=${JSON.stringify((await readCommit()).name)}`;
  const flags = ["--minify", "--bytecode", "--format=esm", "--define", define];
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

if (import.meta.main) await main(async () => console.log(`Built ${await build()}`));
