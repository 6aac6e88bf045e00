/** Measures the program beside its peers: `bench/README.md` says how, `bench/RESULTS.md` what came. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { drawChart } from "../bench/chart.ts";
import { FULL, Ground, QUICK } from "../bench/ground.ts";
import { rounds } from "../bench/rounds.ts";
import { markdown, plain, ratioOf, tableOf, type Result } from "../bench/table.ts";
import { endServers, type Peer } from "../bench/peer.ts";
import type { Work } from "../bench/work.ts";
import { WORKS } from "../bench/works.ts";
import { build } from "./build.ts";
import { main } from "./support/main.ts";

const TOP = join(import.meta.dir, "..");
const CHART = join(TOP, "docs/bench.svg");
const RESULTS = join(TOP, "bench/RESULTS.md");
const HELP = `Usage: bun run bench [FLAGS]

  --only A,B   these works alone: ${WORKS.map(({ name }) => name).join(", ")}
  --peers A,B  these peers alone, by what their names begin with, such as rsync,vsftpd
  --rounds N   how often each is measured, behind one to warm up (5)
  --quick      smaller files and fewer clients: a look, not a result
  --json       the figures as JSON on standard output
  --save       writes bench/RESULTS.md and docs/bench.svg
`;

await main(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      peers: { type: "string", default: "" },
      rounds: { type: "string", default: "5" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc: it needs Linux");
  const count = Number(values.rounds);
  if (!Number.isInteger(count) || count < 1) throw new Error("--rounds takes a number from 1 on");
  const works = chosen(values.only);
  checkPeers(works, values.peers);
  await build();

  using ground = new Ground(values.quick ? QUICK : FULL);
  // What ends it early cleans up as well.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      endServers();
      ground[Symbol.dispose]();
      process.exit(130);
    });
  }
  const results: Result[] = [];
  for (const work of works) {
    console.error(`${work.name} ...`);
    const result = await rounds(work, wantedOf(work, values.peers), ground, count);
    results.push(result);
    if (!values.json) console.log(`\n${told(result, plain)}`);
    // One that is stopped has kept what it came to.
    if (values.save) save(results, describeMachine(count, values.quick));
  }
  if (!values.json) return;
  const machine = describeMachine(count, values.quick);
  console.log(JSON.stringify({ machine, results }, undefined, 2));
});

/** @throws {Error} where a peer is named that there is none of */
function checkPeers(works: readonly Work[], named: string): void {
  const names = [...new Set(works.flatMap(({ peers }) => peers.slice(1).map(({ name }) => name)))];
  for (const beginning of named === "" ? [] : named.split(",")) {
    if (beginning !== "" && names.some((name) => name.startsWith(beginning))) continue;
    throw new Error(`There is no peer ${beginning}: there are ${names.join(", ")}`);
  }
}

/** Ours is always there. */
function wantedOf({ peers }: Work, named: string): readonly Peer[] {
  const beginnings = named.split(",");
  return peers.filter(
    ({ name }, index) => index === 0 || beginnings.some((beginning) => name.startsWith(beginning)),
  );
}

function save(results: readonly Result[], machine: ReturnType<typeof describeMachine>): void {
  mkdirSync(dirname(CHART), { recursive: true });
  writeFileSync(CHART, drawChart(results, machine.short));
  const texts = results.map((result) => `## ${result.title}\n\n${told(result, markdown, false)}`);
  writeFileSync(RESULTS, `# Results\n\n${machine.long}\n\n${texts.join("\n\n")}\n`);
}

function chosen(only: string | undefined): typeof WORKS {
  if (only === undefined) return WORKS;
  return only.split(",").map((name) => {
    const work = WORKS.find((one) => one.name === name);
    if (work === undefined) throw new Error(`There is no work ${name}.\n${HELP}`);
    return work;
  });
}

function told(
  result: Result,
  format: (rows: readonly (readonly string[])[]) => string,
  titled = true,
): string {
  const found = ratioOf(result);
  const ratio = found && `${found.ratio.toFixed(2)} times as good as the best peer, ${found.peer}.`;
  return [
    ...(titled ? [result.title] : []),
    format(tableOf(result)),
    ...(ratio === undefined ? [] : [titled ? ratio : `\n**${ratio}**`]),
    ...result.skipped.map((why) => `${titled ? "" : "\n"}Left out: ${why}`),
  ].join("\n");
}

/** On what, when and how it was measured. */
function describeMachine(count: number, quick: boolean): { short: string; long: string } {
  const [processor] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 1024 ** 3);
  const [load = 0] = loadavg();
  const short = `${date}, ${cpus().length} processors, Linux ${process.arch}, loopback and memory file system`;
  const model = processor?.model.trim() ?? "unknown";
  return {
    short,
    long:
      `Measured on ${date} with \`bun run bench --rounds ${count}${quick ? " --quick" : ""}\`: ` +
      `${cpus().length} processors (${model}), ${memory} GiB of memory, Linux, Bun ${Bun.version}, ` +
      `everything on loopback and a memory file system. The load of the machine at the end was ` +
      `${load.toFixed(1)}: where others work on it, only the ratios within a table count, since all ` +
      `peers ran in turn.`,
  };
}
