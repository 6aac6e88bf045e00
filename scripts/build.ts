/** Writes `dist/sftp`, the one executable, for this system. */
import { $ } from "bun";
import { join } from "node:path";

const TOP = join(import.meta.dir, "..");

/** The commit that is built, in seven digits, with a `+` where the tree differs from it. */
async function commit(): Promise<string> {
  const head = await $`git rev-parse --short=7 HEAD`.cwd(TOP).nothrow().quiet();
  if (head.exitCode !== 0) return "no commit";
  const changed = await $`git status --porcelain -- src package.json bun.lock`.cwd(TOP).quiet();
  return head.text().trim() + (changed.text().trim() === "" ? "" : "+");
}

/** Builds the executable and returns its path. */
export async function build(): Promise<string> {
  const outfile = join(TOP, "dist", process.platform === "win32" ? "sftp.exe" : "sftp");
  const define = `BUILD_COMMIT=${JSON.stringify(await commit())}`;
  // Without the two flags the executable would obey a .env and a bunfig.toml where it is started.
  const flags = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  await $`${process.execPath} build --compile --minify --bytecode --format=esm ${flags} --define ${define} --outfile ${outfile} src/main.ts`
    .cwd(TOP)
    .quiet();
  return outfile;
}

if (import.meta.main) console.log(`Built ${await build()}`);
