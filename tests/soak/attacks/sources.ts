import { closeSync, openSync, statSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { read, until, writeRandom } from "../../support/files.ts";
import type { Random } from "../../support/random.ts";
import { Scene } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";
import { must, pick } from "../part.ts";

const WAYS = [
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const;

/** So large that its reader, who may be ahead of the network by some MiB, is in its middle. */
const LARGE = 160 * BLOCK_SIZE;

/** A file that is written anew, in its place and with the same size, while it is sent. */
export async function changedWhileRead(random: Random): Promise<void> {
  const [verb, from, to, side] = pick(random, WAYS);
  await using scene = await Scene.start([{ [side]: { afterContent: LARGE / 2, do: "hold" } }]);
  const source = scene.folder.join(from, "f");
  const old = writeRandom(source, LARGE);
  await using client = scene.start(`${verb} f`, "--retries", "0");
  await scene.proxy.faulted;
  const fresh = Buffer.alloc(LARGE, "other");
  writeFileSync(source, fresh);
  scene.proxy.release();
  const status = await client.ended();
  const there = read(scene.folder.join(to, "f"));
  const whole = there?.equals(old) === true || there?.equals(fresh) === true;
  must(there === undefined || whole, `${verb} stored a mixture`);
  must(status !== 0 || whole, `${verb} says that all is well`);
}

/** A file of which a byte changes between two attempts to send it; its size and its time stay. */
export async function changedSource(random: Random): Promise<void> {
  const [verb, from, to, side] = pick(random, WAYS);
  const size = 5 * BLOCK_SIZE + random.below(BLOCK_SIZE);
  const held = 3 * BLOCK_SIZE;
  await using scene = await Scene.start([{ [side]: { afterContent: held, do: "cut" } }]);
  const source = scene.folder.join(from, "f");
  const content = writeRandom(source, size);
  await scene.run(`${verb} f`, "--retries", "0");
  await until(() => scene.staged(to).some((name) => name.includes(".kept.")));
  const at = random.below(held);
  const { atime, mtime } = statSync(source);
  const file = openSync(source, "r+");
  writeSync(file, Buffer.from([(content[at] ?? 0) ^ 1]), 0, 1, at);
  closeSync(file);
  utimesSync(source, atime, mtime);
  const ran = await scene.run(`${verb} f`);
  must(ran.status === 0, `${verb} goes on with another file: ${ran.stderr}`);
  const now = read(source);
  const there = read(scene.folder.join(to, "f"));
  must(now !== undefined && there?.equals(now) === true, `${verb} stored a mixture`);
}
