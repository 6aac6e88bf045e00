import { join } from "node:path";
import { VERSION } from "../../src/cli/version.ts";
import type { Companions } from "./companions.ts";
import { layOut, packTar, packZip, type Effort, type Entries, type Entry } from "./pack.ts";
import { readme } from "./readme.ts";
import { checkMachine } from "./machine.ts";
import { executableOf, type Target } from "./targets.ts";

/** What is the same for all archives of a release. */
export interface Release {
  readonly companions: Companions;
  /** Of the commit, in seconds since 1970. */
  readonly time: number;
  readonly effort: Effort;
  /** Where archives go. */
  readonly folder: string;
  /** Where files may be laid out. */
  readonly scratch: string;
}

/**
 * Packs a binary with what goes with it, and gives the archive's name.
 * @throws where the binary is for another system
 */
export async function archive(target: Target, binary: string, release: Release): Promise<string> {
  await checkMachine(binary, target);
  const folder = `sftp-${VERSION}-${target.name}`;
  const windows = target.kernel === "windows";
  const name = `${folder}${windows ? ".zip" : ".tar.xz"}`;
  const entries = filesOf(target, binary, name, release.companions);
  if (windows) {
    const inFolder = new Map(Array.from(entries, ([file, entry]) => [`${folder}/${file}`, entry]));
    const zip = await packZip(inFolder, release.time, release.effort);
    await Bun.write(join(release.folder, name), zip);
    return name;
  }
  const parent = join(release.scratch, target.name);
  await layOut(join(parent, folder), entries);
  const x86 = target.processor === "x64";
  await packTar(parent, folder, join(release.folder, name), { ...release, x86 });
  return name;
}

function filesOf(target: Target, binary: string, name: string, companions: Companions): Entries {
  const { license, notices, manual, completions } = companions;
  return new Map<string, Entry>([
    [executableOf(target.kernel), { content: { from: binary }, executable: true }],
    ["README.md", { content: readme(target, name) }],
    ["LICENSE", { content: license }],
    ["THIRD-PARTY.txt", { content: notices }],
    ["sftp.1", { content: manual }],
    ["completions/sftp.bash", { content: completions.bash }],
    ["completions/_sftp", { content: completions.zsh }],
    ["completions/sftp.fish", { content: completions.fish }],
  ]);
}
