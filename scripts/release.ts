/**
 * Writes `dist/release` (or another folder, `--to DIR`): an archive for each system, Debian packages, the submission, and
 * `SHA256SUMS` over all. The same commit gives the same bytes. `--only TARGET` makes what belongs
 * to one system alone; `--quick` hardly compresses, for tests. Needs GNU tar and xz.
 */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { archive, type Release } from "./release/archive.ts";
import { readCompanions } from "./release/companions.ts";
import { debianPackage } from "./release/debian.ts";
import { whyNoRelease } from "./release/native.ts";
import type { Effort } from "./release/pack.ts";
import { Place } from "./release/place.ts";
import { fetchRuntimes } from "./release/runtimes.ts";
import { checkSize } from "./release/sizes.ts";
import { executableOf, findTarget, TARGETS, type Target } from "./release/targets.ts";
import { packSubmission } from "./submission/submission.ts";
import { readCommit, whyNotReproducible } from "./support/commit.ts";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");

/** Systems whose program is in the submission; with a third it would pass 100 MB. */
const SUBMITTED = ["linux-x64", "darwin-arm64"];

interface Wanted {
  readonly targets: readonly Target[];
  readonly effort: Effort;
  /** Where everything goes, in the place of a former release. */
  readonly to: string;
}

/** @throws for what it does not know */
function readArguments(args: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      to: { type: "string", default: join(TOP, "dist", "release") },
    },
  });
  const targets = values.only === undefined ? TARGETS : [findTarget(values.only)];
  return { targets, effort: values.quick ? "quick" : "best", to: resolve(values.to) };
}

/** Builds the program of each target, and gives its path by the target's name. */
async function buildAll(targets: readonly Target[], scratch: string): Promise<Map<string, string>> {
  const runtimes = await fetchRuntimes(targets);
  const binaries = new Map<string, string>();
  for (const target of targets) {
    const file = join(scratch, "bin", target.name, executableOf(target.kernel));
    const runtime = runtimes.get(target.name) ?? "";
    binaries.set(target.name, await build(false, { target: target.bun, runtime, outfile: file }));
  }
  return binaries;
}

async function writeSums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of readdirSync(folder).toSorted()) {
    const digest = new Bun.CryptoHasher("sha256");
    for await (const piece of Bun.file(join(folder, name)).stream()) digest.update(piece);
    lines.push(`${digest.digest("hex")}  ${name}\n`);
  }
  await Bun.write(join(folder, "SHA256SUMS"), lines.join(""));
}

await main(async () => {
  const { targets, effort, to } = readArguments(process.argv.slice(2));
  const no = whyNoRelease();
  if (no !== undefined) throw new Error(`A release ${no}`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  using place = new Place(to);
  const { folder, scratch } = place;
  const done = (name: string): void => {
    const { size } = Bun.file(join(folder, name));
    console.log(`  ${name}  ${(size / 1_000_000).toFixed(1)} MB`);
    if (effort === "best") checkSize(name, size);
  };
  const commit = await readCommit();
  console.log(`Releasing ${commit.name} into ${to}:`);
  const release: Release = {
    companions: await readCompanions(),
    time: commit.time,
    effort,
    folder,
    scratch,
  };
  const binaries = await buildAll(targets, scratch);
  for (const target of targets) {
    const binary = binaries.get(target.name) ?? "";
    done(await archive(target, binary, release));
    if (target.debian !== undefined) done(await debianPackage(target.debian, binary, release));
  }
  const submitted = SUBMITTED.map((name) => [name, binaries.get(name)] as const);
  if (submitted.every((pair): pair is readonly [string, string] => pair[1] !== undefined)) {
    const zip = await packSubmission(new Map(submitted), effort);
    await Bun.write(join(folder, "submission.zip"), zip);
    done("submission.zip");
  }
  await writeSums(folder);
  place.finish();
  const why = whyNotReproducible(commit);
  if (why !== undefined) console.error(`\nWARNING: this is no release to give away: ${why}`);
});
