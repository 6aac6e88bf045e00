import { join } from "node:path";
import type { Defence } from "../../src/faults/faults.ts";
import { ATTACKS } from "./attacks.ts";

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

/** Every defence that can be taken out, with what then has to find it. */
export const SABOTAGES: ReadonlyMap<string, Search> = new Map<string, Search>([
  ...ATTACKS.map(([defence], from) => [defence, { part: "attacks", from, count: 1 }] as const),
  ...Object.entries(SEARCHES),
]);

/**
 * Takes a defence out, and tells whether the laboratory notices.
 * @param binary the build that can be told to do without it
 */
export async function notices(name: string, binary: string, seed: number): Promise<boolean> {
  const search = SABOTAGES.get(name);
  if (search === undefined) throw new Error(`there is no defence ${name}`);
  const { part, from, count } = search;
  const extent = ["--seed", String(seed), "--from", String(from), "--count", String(count)];
  const child = Bun.spawn([process.execPath, SCRIPT, part, ...extent], {
    env: { ...process.env, SFTP_BINARY: binary, SFTP_SABOTAGE: name },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  const [found] = /^FAILED .*$/m.exec(said) ?? [];
  console.error(
    found === undefined ? `NOT NOTICED ${name}: ${said.trim()}` : `${name} is out: ${found}`,
  );
  return status === 1 && found !== undefined;
}
