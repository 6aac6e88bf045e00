import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { bytesOf, load, problemOf, store } from "./ground.ts";

/**
 * Uses a storage with far more at once than there are descriptors, and tells as JSON what came of
 * it. A program of its own, as the limit holds for a whole process.
 */
const AT_ONCE = 200;

const root = process.argv[2] ?? "";
await mkdir(join(root, "many"));
await writeFile(join(root, "f"), bytesOf(100_000));
const storage = await LocalStorage.open(root, { make: false });

const turns = Array.from({ length: AT_ONCE }, (_, index) => index);
const outcomes = await Promise.all(
  turns.map((index) =>
    problemOf(() =>
      index % 2 === 0
        ? load(storage, ["f"])
        : store(storage, ["many", `f${index}`], bytesOf(100_000, index)),
    ),
  ),
);
let torn = 0;
for (const name of await readdir(join(root, "many"))) {
  const stored = await load(storage, ["many", name]);
  if (!stored.equals(bytesOf(100_000, Number(name.slice(1))))) torn++;
}
const after: string[] = [];
for (const index of turns.slice(0, 40)) {
  after.push(await problemOf(() => store(storage, ["many", `after${index}`], "x")));
  after.push(await problemOf(() => load(storage, ["many", `after${index}`])));
}
await storage.close();
process.stdout.write(
  JSON.stringify({
    while: [...new Set(outcomes)].toSorted(),
    after: [...new Set(after)],
    torn,
    left: (await readdir(root)).toSorted(),
  }),
);
