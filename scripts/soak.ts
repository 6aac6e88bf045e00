/** Puts the programs under more strain than any user will: `npm run soak -- --help`. */
import { parseArgs } from "node:util";
import { randomInt } from "node:crypto";
import { PARTS } from "../tests/soak/parts.ts";
import { runPart, tableOf, type Outcome } from "../tests/soak/runner.ts";
import { main } from "./support/main.ts";

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: "string" },
      seconds: { type: "string" },
      seed: { type: "string" },
      from: { type: "string", default: "0" },
      sample: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const outcomes: Outcome[] = [];
  for (const part of PARTS) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue;
    outcomes.push(
      await runPart(part, {
        seed,
        from: Number(values.from),
        count:
          values.count === undefined
            ? values.sample
              ? part.sample
              : undefined
            : Number(values.count),
        seconds: values.seconds === undefined ? undefined : Number(values.seconds),
      }),
    );
  }
  console.log(tableOf(outcomes, seed));
  process.exit(outcomes.some(({ failures }) => failures.length > 0) ? 1 : 0);
});
