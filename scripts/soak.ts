/** Puts the programs under more strain than any user will: the laboratory of faults. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { DEFENCES } from "../src/faults/faults.ts";
import { labBinary } from "../tests/soak/lab.ts";
import type { Part } from "../tests/soak/part.ts";
import { PARTS } from "../tests/soak/parts.ts";
import { runPart, tableOf, type Outcome } from "../tests/soak/runner.ts";
import { sabotage, type Verdict } from "../tests/soak/sabotage.ts";
import { main } from "./support/main.ts";

const HELP = `npm run soak -- [PART ...] [options]

Tries dist/sftp, which has to be built before. Parts, all of them where none is named:

${PARTS.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join("\n")}

  --count N        so many trials of each part
  --seconds N      each part for so long
  --sample         so many trials as every change is tried with
  --seed N         the same trials again; a new seed where left out
  --from N         begin with trial N, as a failure names it
  --sabotage NAME  take a defence out, and fail unless that is noticed; all of them with all:
                   ${DEFENCES.join(", ")}
`;

/** A number of the command line. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number`);
  return number;
}

/** What came of it all, each part and each missing defence counted once. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

async function takeOut(name: string, seed: number): Promise<Counts> {
  const wanted = DEFENCES.filter((defence) => name === "all" || name === defence);
  if (wanted.length === 0) throw new Error(`There is no defence ${name}: see --help`);
  const binary = await labBinary();
  const verdicts: Verdict[] = [];
  for (const defence of wanted) verdicts.push(await sabotage(defence, binary, seed));
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  console.log(`${count("noticed")} of ${wanted.length} missing defences were noticed`);
  return { passed: count("noticed"), failed: count("missed"), skipped: count("skipped") };
}

/** Which trials are made of which parts. */
interface Wanted {
  readonly parts: readonly Part[];
  readonly sample: boolean;
  readonly seed: number;
  readonly from: number;
  readonly count: number | undefined;
  readonly seconds: number | undefined;
}

async function strain({ parts, sample, ...extent }: Wanted): Promise<Counts> {
  const outcomes: Outcome[] = [];
  for (const part of parts) {
    const count = extent.count ?? (sample ? part.sample : undefined);
    outcomes.push(await runPart(part, { ...extent, count }));
  }
  console.log(tableOf(outcomes, extent.seed));
  const skipped = parts.filter((part) => part.skipped !== undefined).length;
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  return { passed: outcomes.length - skipped - failed, failed, skipped };
}

async function soak(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: "string" },
      seconds: { type: "string" },
      seed: { type: "string" },
      from: { type: "string" },
      sabotage: { type: "string" },
      sample: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}: see --help`);
  const { sample } = values;
  const seed = numberOf(values.seed) ?? randomInt(2 ** 31);
  const counts: Counts[] = [];
  if (values.sabotage === undefined || sample || positionals.length > 0) {
    counts.push(
      await strain({
        parts: PARTS.filter(({ name, sample: trials }) =>
          positionals.length > 0 ? positionals.includes(name) : !sample || trials > 0,
        ),
        sample,
        seed,
        from: numberOf(values.from) ?? 0,
        count: numberOf(values.count),
        seconds: numberOf(values.seconds),
      }),
    );
  }
  if (values.sabotage !== undefined) counts.push(await takeOut(values.sabotage, seed));
  const sum = (what: keyof Counts): number => counts.reduce((all, one) => all + one[what], 0);
  const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
  console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
  return sum("failed");
}

await main(async () => process.exit((await soak()) === 0 ? 0 : 1));
