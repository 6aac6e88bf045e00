/** Puts the programs under more strain than any user will: the laboratory of faults. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { PARTS } from "../tests/soak/parts.ts";
import { runPart, tableOf, type Outcome } from "../tests/soak/runner.ts";
import { notices, SABOTAGES } from "../tests/soak/sabotage.ts";
import { build } from "./build.ts";
import { main } from "./support/main.ts";

const HELP = `npm run soak -- [PART ...] [options]

Builds nothing but the program that can be told to fail: build dist/sftp before. Parts, all of them
where none is named:

${PARTS.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join("\n")}

  --count N        so many trials of each part
  --seconds N      each part for so long
  --sample         so many trials as every change is tried with
  --seed N         the same trials again; a new seed where left out
  --from N         begin with trial N, as a failure names it
  --sabotage NAME  take a defence out, and fail unless that is noticed; all of them: all
                   ${[...SABOTAGES.keys()].join(", ")}
`;

/** A number of the command line. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number`);
  return number;
}

/** @returns how many were not noticed */
async function sabotage(name: string, seed: number): Promise<number> {
  const names = name === "all" ? [...SABOTAGES.keys()] : [name];
  const binary = await build(true);
  let unnoticed = 0;
  for (const one of names) if (!(await notices(one, binary, seed))) unnoticed++;
  console.log(`${names.length - unnoticed} of ${names.length} missing defences were noticed`);
  return unnoticed;
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
      sample: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const seed = numberOf(values.seed) ?? randomInt(2 ** 31);
  if (values.sabotage !== undefined) return sabotage(values.sabotage, seed);
  const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}: see --help`);
  const outcomes: Outcome[] = [];
  for (const part of PARTS) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue;
    const count = numberOf(values.count) ?? (values.sample === true ? part.sample : undefined);
    const seconds = numberOf(values.seconds);
    outcomes.push(await runPart(part, { seed, from: numberOf(values.from) ?? 0, count, seconds }));
  }
  console.log(tableOf(outcomes, seed));
  return outcomes.filter(({ failures }) => failures.length > 0).length;
}

await main(async () => process.exit((await soak()) === 0 ? 0 : 1));
