import { LocalStorage } from "../../src/storage/local/local.ts";

/**
 * Lists a folder, and tells as JSON what was seen and by how many bytes its memory has grown at
 * most. A program of its own, as nothing else may have shaped that memory.
 */
const storage = await LocalStorage.open(process.argv[2] ?? "", { make: false });
Bun.gc(true);
const before = process.memoryUsage.rss();
let highest = before;
let seen = 0;
let sum = 0;
for await (const some of storage.list([], { recursive: true })) {
  for (const { path, type } of some) {
    if (type !== "file") continue;
    sum += Number(path.at(-1)?.slice("file-".length));
    seen++;
  }
  highest = Math.max(highest, process.memoryUsage.rss());
}
await storage.close();
process.stdout.write(JSON.stringify({ seen, sum, grown: highest - before }));
