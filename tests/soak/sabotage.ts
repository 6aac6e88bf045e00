import { join } from "node:path";
import type { Defence } from "../../src/faults/faults.ts";
import { ATTACKS, whyNot } from "./attacks.ts";
import { PARTS } from "./parts.ts";
import { BROKEN } from "./runner.ts";

/** Which part finds that a defence is missing, and in how many trials it has to. */
interface Search {
  readonly part: string;
  readonly from: number;
  readonly count: number;
}

const SCRIPT = join(import.meta.dir, "../../scripts/soak.ts");
/** A search that goes on for so long, in seconds, finds nothing any more. */
const PATIENCE_S = 60;

/** What only shows where chance has its part in it. */
const SEARCHES: Partial<Record<Defence, Search>> = {
  digest: { part: "flips", from: 0, count: 10 },
  whole: { part: "cuts", from: 0, count: 40 },
  "write-errors": { part: "space", from: 0, count: 40 },
};

/** What the promise is that breaks without a defence: another one would be found by accident. */
const FINDINGS: Readonly<Record<Defence, RegExp>> = {
  digest: /^a turned bit led to /,
  size: /^size: it (?:led to|is stored)/,
  whole: /neither the old nor the new ones|is not what was sent/,
  "no-replace": /^no-replace: (?:it led to|the other's file is replaced)/,
  names: /^names: .* led to |^names: .*(?:canary|root)/,
  links: /^links: .* led to |^links: something is outside/,
  sync: /^sync: (?:without being synced|it has its name before)/,
  resume: /^resume: \w+ (?:goes on with another file|stored a mixture)/,
  unchanged: /^unchanged: \w+ (?:stored a mixture|says that all is well)/,
  "write-errors":
    /is not what was sent|without any room|neither the old nor the new|reported for nothing|something else/,
  pin: /^pin: the impostor heard /,
  login: /^login: (?:it|LIST) led to /,
  deadline: /^deadline: the server waits for ever/,
  backpressure: /^backpressure: the server holds /,
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
 * Takes a defence out, and tells whether the laboratory notices. The same search has to pass with
 * the defence in its place, and what it finds without has to be what that defence prevents.
 * @param binary the build that can be told to do without it
 */
export async function sabotage(defence: Defence, binary: string, seed: number): Promise<Verdict> {
  const search = searchFor(defence);
  const reason = PARTS.find(({ name }) => name === search.part)?.skipped ?? whyNot(defence);
  if (reason !== undefined) {
    console.error(`${defence} is left out: ${reason}`);
    return "skipped";
  }
  const sound = await look(search, binary, seed);
  if (sound.status !== 0) {
    console.error(`NOT TRIED ${defence}: it fails without sabotage as well: ${sound.said}`);
    return "missed";
  }
  const { said, status } = await look(search, binary, seed, defence);
  const found = findings(said).find((what) => FINDINGS[defence].test(what));
  const noticed = status === 1 && found !== undefined;
  console.error(noticed ? `${defence} is out: ${found}` : `NOT NOTICED ${defence}: ${said}`);
  return noticed ? "noticed" : "missed";
}

/** The promises that trials found broken. What hangs, or fails to begin or to end, is none. */
export function findings(said: string): string[] {
  const pattern = new RegExp(
    `^FAILED [^(]*, trial \\d+ \\(repeat: [^)]*\\): ${BROKEN}: (.*)$`,
    "gm",
  );
  return [...said.matchAll(pattern)].map(([, what = ""]) => what);
}

async function look(
  { part, from, count }: Search,
  binary: string,
  seed: number,
  missing?: Defence,
): Promise<{ readonly said: string; readonly status: number }> {
  const numbers = { seed, from, count, seconds: PATIENCE_S };
  const extent = Object.entries(numbers).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const child = Bun.spawn([process.execPath, SCRIPT, part, ...extent], {
    env: {
      ...process.env,
      SFTP_BINARY: binary,
      SFTP_LAB_BINARY: binary,
      ...(missing === undefined ? {} : { SFTP_SABOTAGE: missing }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { said: said.trim(), status };
}
