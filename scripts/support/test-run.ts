import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TOP = join(import.meta.dir, "..", "..");

/** Only a test that hangs takes this long. */
const HANG_MS = 240_000;

/** Files of tests that run at the same time: most tests wait most of the time. */
const AT_ONCE = 2;

/** Files whose failed tests are given a second try: where more have failed, it is no accident. */
const MOST_AGAIN = 3;

/** The runner's last lines, which count what it ran, in characters. */
const SUMMARY_LENGTH = 300;

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Files in which a test failed beside others, and passed by itself. */
  readonly unsteady?: readonly string[];
}

/** What to run, and how. */
export interface TestRun {
  readonly paths: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Files that run at the same time. */
  readonly atOnce?: number;
}

/**
 * Runs tests and counts them as the runner does. A file in which one has failed is run once more
 * with nothing beside it, and the verdict is that of the second time: some measure memory, or race
 * two programs, and another test beside them can spoil that. What failed at first is printed, and
 * files that then pass are given as unsteady.
 */
export async function runTests({ atOnce = AT_ONCE, ...run }: TestRun): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "sftp-tests-"));
  try {
    const report = join(folder, "report.xml");
    const counts = await once({ ...run, atOnce }, report);
    const first = failuresByFile(report, counts.failed);
    const again = [...first.keys()];
    if (again.length === 0 || again.length > MOST_AGAIN) return counts;
    console.log(`\n${counts.failed} failed. Once more, by itself: ${again.join(", ")}`);
    const second = await once({ ...run, paths: again, atOnce: 1 }, report);
    const steady = Math.max(0, counts.failed - second.failed);
    console.log(`\n${steady} of ${counts.failed} failed beside others and passed by themselves`);
    // Where the second report does not tell of every one that failed, each of them may be.
    const still = failuresByFile(report, second.failed);
    const unsteady = again.filter((file) => (still.get(file) ?? 0) < (first.get(file) ?? 0));
    return { ...counts, passed: counts.passed + steady, failed: second.failed, unsteady };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function once({ paths, environment, atOnce }: TestRun, report: string): Promise<Counts> {
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const flags = [`--timeout=${HANG_MS}`, `--parallel=${atOnce}`, ...reporter];
  const child = Bun.spawn([process.execPath, "test", ...flags, ...paths], {
    cwd: TOP,
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, ...environment, NO_COLOR: "1" },
  });
  let said = "";
  const decoder = new TextDecoder();
  for await (const piece of child.stderr) {
    process.stderr.write(piece);
    said += decoder.decode(piece, { stream: true });
  }
  const status = await child.exited;
  // The names of tests stand above it, and may hold anything.
  const summary = said.slice(-SUMMARY_LENGTH);
  const count = (word: string): number =>
    Number(new RegExp(`^ *([0-9]+) ${word}$`, "m").exec(summary)?.[1] ?? 0);
  const counts = { passed: count("pass"), failed: count("fail"), skipped: count("skip") };
  // A runner that fails without a failed test has failed all the same, and so has one without tests.
  const ran = counts.passed + counts.skipped > 0;
  if (counts.failed === 0 && (status !== 0 || !ran)) counts.failed = 1;
  return counts;
}

/** The files with failed tests, and how many; none where the report does not tell of every one. */
function failuresByFile(report: string, failed: number): Map<string, number> {
  let text: string;
  try {
    text = readFileSync(report, "utf8");
  } catch {
    return new Map();
  }
  const files = new Map<string, number>();
  let told = 0;
  for (const [, attributes = ""] of text.matchAll(/<testsuite ([^>]*)>/g)) {
    const value = (key: string): string | undefined =>
      new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1];
    const file = value("file");
    const failures = Number(value("failures") ?? 0);
    // What has another name is a group of tests within the file.
    if (file === undefined || value("name") !== file || failures === 0) continue;
    files.set(file, failures);
    told += failures;
  }
  return told === failed ? files : new Map();
}
