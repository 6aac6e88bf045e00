import { publishedUnder, read, write } from "../support/files.ts";
import type { Random } from "../support/random.ts";
import type { TemporaryFolder } from "../support/programs.ts";
import { BLOCK_SIZE } from "../support/wire.ts";
import { must, pick } from "./part.ts";

/** A file that is to be moved, and what has its name on the other side before. */
interface Moved {
  readonly name: string;
  readonly fresh: Buffer;
  readonly old: Buffer | undefined;
}

/** A command that moves files, and what it is to lead to. */
export interface Job {
  readonly kind: string;
  /** What is typed. */
  readonly command: string;
  /** Towards the server. */
  readonly sending: boolean;
  readonly files: readonly Moved[];
  readonly from: string;
  readonly to: string;
  /** Bytes in all. */
  readonly bytes: number;
}

const SINGLE = ["PUT f", "GET f"] as const;
const TREES = ["PUT -r tree", "GET -r tree", "MIRROR -R tree", "MIRROR tree"] as const;

/**
 * Thinks of a job, and writes its files into `server` and `client` of a folder.
 * @param blocks how many blocks its largest file has at most
 * @param inside a folder that is in both, where it has one of its own
 */
export function prepareJob(
  random: Random,
  folder: TemporaryFolder,
  blocks = 24,
  inside?: string,
): Job {
  const single = random.below(3) < 2;
  const words = (single ? pick(random, SINGLE) : pick(random, TREES)).split(" ");
  const source = words.pop() ?? "";
  const command = [...words, inside === undefined ? source : `${inside}/${source}`].join(" ");
  const sending = command.startsWith("PUT") || command.startsWith("MIRROR -R");
  const [from, to] = sending ? ["client", "server"] : ["server", "client"];
  const overwriting = random.below(2) === 0;
  const files = single
    ? [moved(random, "f", 1 + random.below(blocks * BLOCK_SIZE), overwriting)]
    : tree(random, overwriting, blocks);
  const job = { from: folder.join(from, inside ?? ""), to: folder.join(to, inside ?? "") };
  for (const { name, fresh, old } of files) {
    write(`${job.from}/${name}`, fresh);
    if (old !== undefined) write(`${job.to}/${name}`, old);
  }
  // What has nothing to do with it is there before and after.
  write(`${job.to}/other`, "other");
  const kind = `${command.split(" ")[0] ?? ""}${overwriting ? " over" : ""}`;
  const bytes = files.reduce((sum, { fresh }) => sum + fresh.length, 0);
  return { kind, command, sending, files, bytes, ...job };
}

function tree(random: Random, overwriting: boolean, blocks: number): Moved[] {
  const count = 2 + random.below(20);
  const files: Moved[] = [];
  for (let index = 0; index < count; index++) {
    const size = random.below(index === 0 ? blocks * BLOCK_SIZE : 2000);
    const name = `tree/${index % 3 === 0 ? "sub/" : ""}f${index}`;
    files.push(moved(random, name, size, overwriting && random.below(2) === 0));
  }
  return files;
}

function moved(random: Random, name: string, size: number, overwriting: boolean): Moved {
  // Another size than the new one has: they are to be told apart by MIRROR as well.
  const old = overwriting ? Buffer.alloc(size + 1 + random.below(100), "old ") : undefined;
  return { name, fresh: random.bytes(size), old };
}

/** What has to hold after a job was interrupted: every name is absent or old, or new and whole. */
export function checkInterrupted(job: Job): void {
  for (const { name, fresh, old } of job.files) {
    const there = read(`${job.to}/${name}`);
    const isOld = old === undefined ? there === undefined : there?.equals(old) === true;
    must(
      isOld || there?.equals(fresh) === true,
      () => `${job.command}: ${name} has ${there?.length} bytes, neither the old nor the new ones`,
    );
    must(read(`${job.from}/${name}`)?.equals(fresh) === true, `the source ${name} changed`);
  }
  const names = new Set(["other", ...job.files.map(({ name }) => name)]);
  const strange = publishedUnder(job.to).filter((name) => !names.has(name));
  must(strange.length === 0, () => `there is ${strange.join(", ")}`);
}

/** What has to hold after it was carried out. */
export function checkDone(job: Job): void {
  for (const { name, fresh } of job.files) {
    must(read(`${job.to}/${name}`)?.equals(fresh) === true, `${name} is not what was sent`);
  }
  const names = ["other", ...job.files.map(({ name }) => name)].toSorted();
  const there = publishedUnder(job.to);
  must(there.join() === names.join(), () => `there is ${there.join(", ")}`);
}
