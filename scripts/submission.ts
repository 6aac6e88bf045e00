/**
 * Writes `dist/submission.zip`, the answer to the exercise that this project began with: both
 * programs with their sources, launchers, folders, and one page that says how to start. The same
 * sources and the same executable give the same bytes.
 */
import { Glob } from "bun";
import { zipSync, type Zippable } from "fflate";
import { join } from "node:path";
import { build } from "./build.ts";
import { executableName, LAUNCHERS, systemName } from "./submission/launchers.ts";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");
const ZIP = join(TOP, "dist", "submission.zip");

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
  "source/scripts/support/main.ts": "scripts/support/main.ts",
};

const encoder = new TextEncoder();

/** The files of the archive by name. */
async function collect(binary: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const add = async (name: string, path: string): Promise<void> => {
    files.set(name, await Bun.file(join(TOP, path)).bytes());
  };
  for (const [name, path] of Object.entries(COPIED)) await add(name, path);
  for await (const path of new Glob("src/**/*.ts").scan(TOP)) {
    await add(`source/${path.replaceAll("\\", "/")}`, path);
  }
  files.set("source/package.json", encoder.encode(await packageJson()));
  files.set(`bin/${executableName()}`, await Bun.file(binary).bytes());
  for (const [name, text] of Object.entries(LAUNCHERS)) files.set(name, encoder.encode(text));
  const page = await Bun.file(join(import.meta.dir, "submission", "START.html")).text();
  files.set("START.html", encoder.encode(page.replace("SYSTEM", systemName())));
  return files;
}

/** The project's package.json, with no script but the one whose files are in the archive. */
async function packageJson(): Promise<string> {
  const content: { scripts: { build: string } } = await Bun.file(join(TOP, "package.json")).json();
  const { build } = content.scripts;
  return `${JSON.stringify({ ...content, scripts: { build } }, undefined, 2)}\n`;
}

function pack(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const archive: Zippable = {};
  for (const [name, content] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const mode = name.endsWith(".sh") || name.startsWith("bin/") ? 0o100755 : 0o100644;
    // Made under Unix (3), so that the mode in the upper half of the attributes counts. The time
    // has no zone in this format: it is the same wherever it is written.
    archive[name] = [content, { os: 3, attrs: mode * 0x10000, mtime: new Date(2026, 0, 1) }];
  }
  return zipSync(archive, { level: 6 });
}

await main(async () => {
  const files = await collect(await build());
  const zip = pack(files);
  await Bun.write(ZIP, zip);
  const size = (zip.length / 1024 / 1024).toFixed(1);
  console.log(
    `Wrote ${ZIP}: ${files.size} files, ${size} MiB, with the program for ${systemName()}`,
  );
});
