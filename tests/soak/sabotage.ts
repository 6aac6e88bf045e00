import { join } from "node:path";
import type { Defence } from "../../src/faults/faults.ts";
import { ATTACKS, whyNot } from "./attacks.ts";
import { PARTS } from "./parts.ts";

/** Which part finds that a defence is missing, and in how many trials it has to. */
interface Search {
  readonly part: string;
  readonly from: number;
  readonly count: number;
}

const SCRIPT = join(import.meta.dir, "../../scripts/soak.ts");

/** What only shows where chance has its part in it. */
const SEARCHES: Partial<Record<Defence, Search>> = {
  digest: { part: "flips", from: 0, count: 10 },
  whole: { part: "cuts", from: 0, count: 40 },
  "write-errors": { part: "space", from: 0, count: 40 },
};

/** What has to find that a defence is missing. */
function searchFor(defence: Defence): Search {
  const from = ATTACKS.findIndex(([name]) => name === defence);
  const search = SEARCHES[defence] ?? { part: "attacks", from, count: 1 };
  if (search.from < 0) throw new Error(`Nothing in the laboratory misses the defence ${defence}`);
  return search;
}

/** Whether it was noticed that a defence was out; `skipped` where this machine cannot tell. */
export type Verdict = "noticed" | "missed" | "skipped";

/**
 * Takes a defence out, and tells whether the laboratory notices.
 * @param binary the build that can be told to do without it
 */
export async function sabotage(defence: Defence, binary: string, seed: number): Promise<Verdict> {
  const { part, from, count } = searchFor(defence);
  const reason = PARTS.find(({ name }) => name === part)?.skipped ?? whyNot(defence);
  if (reason !== undefined) {
    console.error(`${defence} is left out: ${reason}`);
    return "skipped";
  }
  const extent = ["--seed", String(seed), "--from", String(from), "--count", String(count)];
  const child = Bun.spawn([process.execPath, SCRIPT, part, ...extent], {
    env: { ...process.env, SFTP_BINARY: binary, SFTP_SABOTAGE: defence },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  const [found] = /^FAILED .*$/m.exec(said) ?? [];
  const noticed = status === 1 && found !== undefined;
  console.error(noticed ? `${defence} is out: ${found}` : `NOT NOTICED ${defence}: ${said.trim()}`);
  return noticed ? "noticed" : "missed";
}
