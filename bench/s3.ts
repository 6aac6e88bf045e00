/**
 * Moves one large file and many small ones to an object store and back, by `sftp` and by `rclone`, in
 * turns, and prints how the times compare. Needs a gateway (`scripts/ceph start DIR`, then the
 * variables of `DIR/environment`), `rclone`, and `dist/sftp`.
 *
 *   bun bench/s3.ts [MIB] [FILES] [ROUNDS]      (1024 10000 3)
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = join(import.meta.dir, "../dist/sftp");
const [mib = 1024, files = 10_000, rounds = 3] = process.argv.slice(2).map(Number);
const BUCKET = "bench";
const MIB = 1024 * 1024;

const { AWS_ENDPOINT_URL_S3: endpoint, AWS_CA_BUNDLE: _, ...others } = process.env;
if (endpoint === undefined) throw new Error("AWS_ENDPOINT_URL_S3 is not set: see scripts/ceph");
const environment = {
  ...others,
  AWS_ENDPOINT_URL_S3: endpoint,
  RCLONE_CONFIG: "/dev/null",
  RCLONE_CONFIG_R_TYPE: "s3",
  RCLONE_CONFIG_R_PROVIDER: "Ceph",
  RCLONE_CONFIG_R_ENDPOINT: endpoint,
  RCLONE_CONFIG_R_ENV_AUTH: "true",
};

/** Runs a program to its end; gives its seconds. */
async function timed(command: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = Bun.spawn([...command], {
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (status !== 0) throw new Error(`${command.join(" ")}: ${said}`);
  return (performance.now() - began) / 1000;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}

const folder = mkdtempSync(join(tmpdir(), "sftp-bench-"));
const times = new Map<string, { sftp: number[]; rclone: number[] }>();

function note(what: string, who: "sftp" | "rclone", seconds: number): void {
  const entry = times.get(what) ?? { sftp: [], rclone: [] };
  entry[who].push(seconds);
  console.error(`${what}: ${who} ${seconds.toFixed(2)} s`);
  times.set(what, entry);
}

async function bySftp(round: number): Promise<void> {
  const root = `s3://${BUCKET}/sftp-${round}`;
  const server = Bun.spawn([BINARY, "serve", "--port", "0", "--root", root, "--json"], {
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    let log = "";
    const decoder = new TextDecoder();
    for await (const piece of server.stdout) {
      log += decoder.decode(piece);
      if (log.includes("\n")) break;
    }
    const port = /"port":(\d+)/.exec(log)?.[1] ?? "";
    const client = (where: string, command: string): Promise<number> =>
      timed([BINARY, "connect", port, "--root", join(folder, where), "-c", command]);
    note("large, put", "sftp", await client("from", "PUT large"));
    note("large, get", "sftp", await client(`sftp-${round}`, "GET large"));
    note("small, put", "sftp", await client("from", "PUT -r small"));
    note("small, get", "sftp", await client(`sftp-${round}`, "GET -r small"));
  } finally {
    server.kill();
    await server.exited;
  }
}

async function byRclone(round: number): Promise<void> {
  const there = `r:${BUCKET}/rclone-${round}`;
  const copy = (from: string, to: string): Promise<number> => timed(["rclone", "copy", from, to]);
  const back = join(folder, `rclone-${round}`);
  note("large, put", "rclone", await copy(join(folder, "from/large"), there));
  note("large, get", "rclone", await copy(`${there}/large`, back));
  note("small, put", "rclone", await copy(join(folder, "from/small"), `${there}/small`));
  note("small, get", "rclone", await copy(`${there}/small`, join(back, "small")));
}

try {
  mkdirSync(join(folder, "from/small"), { recursive: true });
  const large = Bun.file(join(folder, "from/large")).writer();
  for (let at = 0; at < mib; at++) await large.write(randomBytes(MIB));
  await large.end();
  for (let at = 0; at < files; at++) {
    writeFileSync(join(folder, "from/small", `f${at}`), randomBytes(100 + (at % 8000)));
  }
  await timed(["rclone", "mkdir", `r:${BUCKET}`]);
  for (let round = 0; round < rounds; round++) {
    await bySftp(round);
    await byRclone(round);
    for (const who of ["sftp", "rclone"]) {
      rmSync(join(folder, `${who}-${round}`), { recursive: true, force: true });
      await timed(["rclone", "purge", `r:${BUCKET}/${who}-${round}`]);
    }
  }
  console.log(`${mib} MiB, and ${files} files; seconds, median of ${rounds}`);
  for (const [what, { sftp, rclone }] of times) {
    const ratio = median(rclone) / median(sftp);
    const [ours, theirs] = [median(sftp).toFixed(2), median(rclone).toFixed(2)];
    console.log(`${what}: sftp ${ours}, rclone ${theirs}: ${ratio.toFixed(2)} times as fast`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
