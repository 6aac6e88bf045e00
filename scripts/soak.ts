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
  --case NAME      the one trial with that name, of a part that names its trials
  --sabotage NAME  take a defence out, and fail unless that is noticed; all of them with all:
                   ${DEFENCES.join(", ")}
`;

/** How long the parts of a sample take at the most together, in seconds: each has its share. */
const SAMPLE_S = 360;

/** A number of the command line. */
function numberOf(name: string, text: string | undefined, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) throw new Error(`--${name} ${text} is no whole number`);
  if (number < least) throw new Error(`--${name} ${text} is too little: use ${least} or more`);
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
  readonly named: string | undefined;
}

async function strain({ parts, sample, ...extent }: Wanted): Promise<Counts> {
  const outcomes: Outcome[] = [];
  const until = performance.now() / 1000 + SAMPLE_S;
  for (const [index, part] of parts.entries()) {
    const count = extent.count ?? (sample ? part.sample : undefined);
    // What one part does not need the next ones have.
    const share = (until - performance.now() / 1000) / (parts.length - index);
    const seconds = extent.seconds ?? (sample ? share : undefined);
    outcomes.push(await runPart(part, { ...extent, count, seconds }));
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
      case: { type: "string" },
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
  const seed = numberOf("seed", values.seed) ?? randomInt(2 ** 31);
  if (values.case !== undefined && positionals.length !== 1) {
    throw new Error("--case needs the one part that it is of, such as points");
  }
  const counts: Counts[] = [];
  if (values.sabotage === undefined || sample || positionals.length > 0) {
    counts.push(
      await strain({
        parts: PARTS.filter(({ name, sample: trials }) =>
          positionals.length > 0 ? positionals.includes(name) : !sample || trials > 0,
        ),
        sample,
        seed,
        from: numberOf("from", values.from) ?? 0,
        count: numberOf("count", values.count, 1),
        seconds: numberOf("seconds", values.seconds, 1),
        named: values.case,
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
