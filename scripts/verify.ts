/**
 * Runs every check: types, format, lint, the build, all tests on what was built, and a sample of the
 * laboratory of faults.
 */
import { $ } from "bun";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTests, type Counts, type TestRun } from "./support/test-run.ts";
import { MAKE_NATIVE, NATIVE_RELEASE, whyNoRelease } from "./release/native.ts";

const TOP = join(import.meta.dir, "..");
const BUN = process.execPath;
const OXLINT = join(TOP, "node_modules", ".bin", "oxlint");

/** Characters of what a program says at its end that are shown. */
const LAST_WORDS = 300;

/** A check that is one command: it passes or fails as a whole. */
async function single(name: string, command: readonly string[]): Promise<Counts> {
  console.log(`\n== ${name}`);
  const child = Bun.spawn([...command], { cwd: TOP, stdio: ["ignore", "inherit", "inherit"] });
  const ok = (await child.exited) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

async function tests(name: string, run: TestRun): Promise<Counts> {
  console.log(`\n== ${name}`);
  return runTests(run);
}

/** Runs the tests that need an object store on a real one, where it is installed: else they are skipped. */
async function testsOfS3(): Promise<Counts> {
  const name = "the storage on S3, on a real gateway";
  if (Bun.which("ceph-mon") === null || Bun.which("radosgw") === null) {
    console.log("\nThere is no gateway (ceph-mon, ceph-osd, radosgw, ceph-common): skipped");
    return tests(name, { paths: ["tests/s3"] });
  }
  const folder = mkdtempSync(join(tmpdir(), "sftp-ceph-"));
  const ceph = join(TOP, "scripts", "ceph");
  try {
    const start = () => $`${ceph} start ${folder}`.nothrow().quiet();
    let started = await start();
    // Its ports were free a moment ago, and may have been taken by now.
    if (started.exitCode !== 0) started = await start();
    if (started.exitCode !== 0) {
      console.log(`\nThe gateway does not start:\n${started.stderr.toString().slice(-LAST_WORDS)}`);
      return { passed: 0, failed: 1, skipped: 0 };
    }
    const lines = started.stdout.toString().matchAll(/^(\w+)=(.*)$/gm);
    const environment = Object.fromEntries([...lines].map(([, key, value]) => [key, value]));
    return await tests(name, { paths: ["tests/s3"], environment });
  } finally {
    await $`${ceph} stop ${folder}`.nothrow().quiet();
  }
}

/** What the tests of the binary run, where it is not `dist/sftp`. */
const BINARY: Record<string, string> = {};
let shipped = "as it was built";

/** Packs the binary and unpacks it where there is nothing else: users get it in this way. */
async function archived(): Promise<Counts> {
  const no = whyNoRelease();
  if (no !== undefined || process.env["SFTP_BINARY"] !== undefined) {
    console.log(`\n== No archive is tested: ${no ?? "SFTP_BINARY says what is"}`);
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const counts = await single("the archive", [BUN, ...MAKE_NATIVE, "--to", NATIVE_RELEASE]);
  if (counts.failed > 0) return counts;
  const archive = readdirSync(NATIVE_RELEASE).find((name) => name.endsWith(".tar.xz")) ?? "";
  // As new as it is here, for tests that ask what is newer than the binary.
  const flags = ["--touch", "--strip-components=1", "-C", UNPACKED];
  await $`tar -xJf ${join(NATIVE_RELEASE, archive)} ${flags}`;
  BINARY["SFTP_BINARY"] = join(UNPACKED, "sftp");
  shipped = `of ${archive}`;
  return counts;
}

const UNPACKED = mkdtempSync(join(tmpdir(), "sftp-archive-"));
process.on("exit", () => rmSync(UNPACKED, { recursive: true, force: true }));

/** Runs a sample of the laboratory of faults, with a new seed, and counts as it does. */
async function sample(name: string): Promise<Counts> {
  console.log(`\n== ${name}`);
  const args = [join(TOP, "scripts", "soak.ts"), "--sample", "--sabotage", "all"];
  const child = Bun.spawn([BUN, ...args], { cwd: TOP, stdio: ["ignore", "pipe", "inherit"] });
  const said = await new Response(child.stdout).text();
  console.log(said.trim());
  const ok = (await child.exited) === 0;
  const [, passed = "0", failed = "0", skipped = "0"] =
    /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(said) ?? [];
  const counts = { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
  if (counts.failed === 0 && (!ok || counts.passed === 0)) counts.failed = 1;
  return counts;
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const unsteady: string[] = [];
const steps: (() => Promise<Counts>)[] = [
  () => single("types", [BUN, "check", "--no-script"]),
  () => single("format", [BUN, "fmt", "--check"]),
  () => single("lint", [OXLINT, "--deny-warnings"]),
  () => single("build", [BUN, "scripts/build.ts"]),
  () => tests("unit and property tests", { paths: ["tests/unit"] }),
  () => tests("conformance of the storage", { paths: ["tests/conformance"] }),
  () => testsOfS3(),
  () => archived(),
  () =>
    tests(`the binary ${shipped}, end to end`, {
      paths: ["tests/e2e", "tests/interop"],
      environment: BINARY,
    }),
  // All of them build in the same folder.
  () => tests("the release", { paths: ["tests/release"], atOnce: 1 }),
  () => sample("a sample of the laboratory of faults"),
];
for (const step of steps) {
  const counts = await step();
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  unsteady.push(...(counts.unsteady ?? []));
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
// Who reads only the end learns of them as well.
console.log(unsteady.length > 0 ? `\nunsteady: ${unsteady.join(", ")}` : "");
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
