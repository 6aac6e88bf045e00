import { existsSync, readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "./measure.ts";

const PIECE = 1024 * 1024;

/**
 * Runs a GET, interrupts it, and sees to it that so many bytes of the file are there: what a part
 * holds is the beginning of the file.
 */
export async function interrupted(
  { argv, env }: Command,
  here: string,
  source: string,
  bytes: number,
): Promise<void> {
  const child = Bun.spawn([...argv], { env: { ...env }, stdio: ["ignore", "ignore", "ignore"] });
  while (partsIn(here).every((part) => statSync(part).size < PIECE)) {
    if (child.exitCode !== null) throw new Error("the GET ended before it was interrupted");
    await Bun.sleep(2);
  }
  child.kill("SIGINT");
  await child.exited;
  const [part] = partsIn(here);
  if (part === undefined) throw new Error("the interrupted GET has left nothing");
  await using from = await open(source, "r");
  await using to = await open(part, "r+");
  await to.truncate(Math.min(bytes, statSync(part).size));
  const piece = Buffer.allocUnsafe(PIECE);
  for (let at = statSync(part).size; at < bytes;) {
    const { bytesRead } = await from.read(piece, 0, Math.min(PIECE, bytes - at), at);
    await to.write(piece, 0, bytesRead, at);
    at += bytesRead;
  }
}

function partsIn(here: string): string[] {
  const staging = join(here, ".sftp-staging");
  if (!existsSync(staging)) return [];
  return readdirSync(staging)
    .filter((name) => /\.(?:part|kept)\./.test(name))
    .map((name) => join(staging, name));
}
