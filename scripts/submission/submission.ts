import { Glob } from "bun";
import { join } from "node:path";
import { packZip, type Effort, type Entry } from "../release/pack.ts";
import { printCommit, readCommit } from "../support/commit.ts";
import { executableName, LAUNCHERS, titleOf } from "./launchers.ts";

const TOP = join(import.meta.dir, "../..");

/** What goes in as it is: its name in the archive, and here. */
const COPIED = {
  "client/hello.txt": "client/hello.txt",
  "server/welcome.txt": "server/welcome.txt",
  "screens/client.svg": "docs/screens/client.svg",
  "screens/server.svg": "docs/screens/server.svg",
  "source/LICENSE": "LICENSE",
  "source/bun.lock": "bun.lock",
  "source/bunfig.toml": "bunfig.toml",
  "source/tsconfig.json": "tsconfig.json",
  "source/scripts/run.mjs": "scripts/run.mjs",
  "source/scripts/build.ts": "scripts/build.ts",
  "source/scripts/support/commit.ts": "scripts/support/commit.ts",
  "source/scripts/support/main.ts": "scripts/support/main.ts",
};

/**
 * The answer to the exercise that this project began with, as a zip: both programs with their
 * sources, launchers, folders, and one page that says how to start. The same sources and the same
 * executables give the same bytes.
 * @param binaries the executables that go in, by their systems as in the names of archives
 */
export async function packSubmission(
  binaries: ReadonlyMap<string, string>,
  effort: Effort,
): Promise<Uint8Array> {
  const commit = await readCommit();
  const files = new Map<string, Entry>();
  const add = (name: string, path: string): void => {
    files.set(name, { content: { from: join(TOP, path) }, executable: name.endsWith(".sh") });
  };
  for (const [name, path] of Object.entries(COPIED)) add(name, path);
  for await (const path of new Glob("src/**/*.ts").scan(TOP)) {
    add(`source/${path.replaceAll("\\", "/")}`, path);
  }
  files.set("source/package.json", { content: await packageJson() });
  files.set("source/COMMIT", { content: printCommit(commit) });
  for (const [system, binary] of binaries) {
    const name = `bin/${executableName(system)}`;
    files.set(name, { content: { from: binary }, executable: true });
  }
  for (const [name, content] of Object.entries(LAUNCHERS)) {
    files.set(name, { content, executable: name.endsWith(".sh") });
  }
  const page = await Bun.file(join(import.meta.dir, "START.html")).text();
  const systems = Array.from(binaries.keys(), titleOf).join(" and ");
  files.set("START.html", { content: page.replace("SYSTEMS", systems) });
  return packZip(files, commit.time, effort);
}

/** The project's package.json, with no script but the one whose files are in the archive. */
async function packageJson(): Promise<string> {
  const content: { scripts: { build: string } } = await Bun.file(join(TOP, "package.json")).json();
  const { build } = content.scripts;
  return `${JSON.stringify({ ...content, scripts: { build } }, undefined, 2)}\n`;
}
