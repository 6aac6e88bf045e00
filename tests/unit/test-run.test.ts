import { expect, test } from "bun:test";
import { join } from "node:path";
import { TemporaryFolder } from "../support/programs.ts";

const RUN = join(import.meta.dir, "..", "..", "scripts", "support", "test-run.ts");

/** Runs files of tests as the checks do, and tells the counts and what was printed. */
async function run(files: Readonly<Record<string, string>>): Promise<{
  readonly counts: unknown;
  readonly said: string;
}> {
  await using folder = new TemporaryFolder();
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    paths.push(folder.join(`${name}.test.ts`));
    const head = `import { test, expect } from "bun:test"; import { existsSync, writeFileSync } from "node:fs";
      const isSecond = existsSync("${folder.join(name)}"); writeFileSync("${folder.join(name)}", "");\n`;
    await Bun.write(folder.join(`${name}.test.ts`), head + text);
  }
  const script = `const { runTests } = await import(${JSON.stringify(RUN)});
    console.log(JSON.stringify(await runTests({ paths: ${JSON.stringify(paths)} })));`;
  const child = Bun.spawn([process.execPath, "-e", script], { stderr: "ignore" });
  const said = await new Response(child.stdout).text();
  return { counts: JSON.parse(said.trimEnd().split("\n").at(-1) ?? ""), said };
}

const FINE = `test("fine", () => {});`;
const BROKEN = `test("broken", () => expect(1).toBe(2));`;
const UNSTEADY = `test("unsteady", () => expect(isSecond).toBe(true));`;

test("all that pass are counted", async () => {
  const { counts } = await run({ one: FINE, two: `${FINE} test.skip("not", () => {});` });
  expect(counts).toEqual({ passed: 2, failed: 0, skipped: 1 });
});

test("what fails twice has failed", async () => {
  const { counts, said } = await run({ one: FINE, two: `${FINE} ${BROKEN}` });
  expect(counts).toEqual({ passed: 2, failed: 1, skipped: 0, unsteady: [] });
  expect(said).toContain("0 of 1 failed beside others and passed by themselves");
});

test("what passes by itself has passed, and is named", async () => {
  const { counts, said } = await run({ one: FINE, two: `${FINE} ${UNSTEADY} ${BROKEN}` });
  const unsteady = [expect.stringMatching(/two\.test\.ts$/)];
  expect(counts).toEqual({ passed: 3, failed: 1, skipped: 0, unsteady });
  expect(said).toMatch(/2 failed\. Once more, by itself: \S*two\.test\.ts\n/);
});

test("many files that fail are no accident", async () => {
  const { counts } = await run({ one: UNSTEADY, two: UNSTEADY, three: UNSTEADY, four: UNSTEADY });
  expect(counts).toEqual({ passed: 0, failed: 4, skipped: 0 });
});

test("a runner that cannot read its files has failed", async () => {
  const { counts } = await run({ one: FINE, two: `}` });
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
});
